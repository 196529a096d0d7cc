--TEST--
Sse\read(): keys, options and stores that can't be used
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
attempt(fn () => Sse\read());
attempt(fn () => Sse\read(''));
attempt(fn () => Sse\read(null));
attempt(fn () => Sse\read(['k']));
attempt(fn () => Sse\read('k', null, 5, ['limit' => 5]));
attempt(fn () => Sse\read('k', null, 5, 'dsn'));
Sse\configure(['dir' => temporary() . '/missing']);
try {
    Sse\read('k');
} catch (Sse\StoreException $error) {
    echo strtok(masked($error->getMessage()), ';'), "\n";
}
--EXPECT--
ArgumentCountError: Sse\read() expects at least 1 argument, 0 given
Sse\InvalidArgumentException: Sse\read(): a key must not be empty; name the stream, for example "USER_QUEUE_1"
TypeError: Sse\read(): key must be a string, null given
TypeError: Sse\read(): key must be a string, array given
Sse\InvalidArgumentException: Sse\read(): unknown option "limit"; known are dsn
TypeError: Sse\read(): options must be an array, string given
Sse\read(): key "k": the store's directory {temporary}/missing does not exist
