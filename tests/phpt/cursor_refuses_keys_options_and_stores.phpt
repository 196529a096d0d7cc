--TEST--
Sse\cursor(): keys, options and stores that can't be used
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
attempt(fn () => Sse\cursor());
attempt(fn () => Sse\cursor([]));
attempt(fn () => Sse\cursor(''));
attempt(fn () => Sse\cursor(['a', '']));
attempt(fn () => Sse\cursor(['a', null]));
attempt(fn () => Sse\cursor(null));
attempt(fn () => Sse\cursor(new ArrayObject(['a'])));
attempt(fn () => Sse\cursor(array_map(strval(...), range(1, 65))));
attempt(fn () => Sse\cursor('a', ['lastEventId' => 5]));
Sse\configure(['dir' => __FILE__]);
attempt(fn () => Sse\cursor('a'));
--EXPECT--
ArgumentCountError: Sse\cursor() expects at least 1 argument, 0 given
Sse\InvalidArgumentException: Sse\cursor(): a stream needs at least one key
Sse\InvalidArgumentException: Sse\cursor(): a key must not be empty; name the stream, for example "USER_QUEUE_1"
Sse\InvalidArgumentException: Sse\cursor(): a key must not be empty; name the stream, for example "USER_QUEUE_1"
TypeError: Sse\cursor(): keys must be a list of strings, null given
TypeError: Sse\cursor(): keys must be a string or a list of strings, null given
TypeError: Sse\cursor(): keys must be a string or a list of strings, ArrayObject given
Sse\InvalidArgumentException: Sse\cursor(): a stream follows at most 64 different keys, this one names more; open a second stream or push to a shared key
Sse\InvalidArgumentException: Sse\cursor(): unknown option "lastEventId"; known are dsn
Sse\StoreException: Sse\cursor(): the store's path {test} is not a directory; name another one in sse.dir
