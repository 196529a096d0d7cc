--TEST--
Sse\stream(): a store that isn't there
--FILE--
<?php
require __DIR__ . '/sse.inc';
Sse\configure(['dir' => temporary() . '/missing']);
try {
    Sse\stream(['a', 'b'], ['follow' => false]);
} catch (Sse\StoreException $error) {
    echo strtok(masked($error->getMessage()), ';'), "\n";
}
try {
    Sse\stream(['a', "b\n"], ['follow' => false]);
} catch (Sse\StoreException $error) {
    echo strtok(masked($error->getMessage()), ';'), "\n";
}
--EXPECT--
Sse\stream(): keys "a", "b": the store's directory {temporary}/missing does not exist
Sse\stream(): keys "a", "b\n": the store's directory {temporary}/missing does not exist
