--TEST--
Sse\stream(): keys that can't be used
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
attempt(fn () => Sse\stream());
attempt(fn () => Sse\stream(''));
attempt(fn () => Sse\stream([]));
attempt(fn () => Sse\stream(['a', "b\0"]));
attempt(fn () => Sse\stream(['a', str_repeat('k', 2000)]));
attempt(fn () => Sse\stream(null));
attempt(fn () => Sse\stream([['a']]));
attempt(fn () => Sse\stream(true));
attempt(fn () => Sse\stream(range(1, 65)));
attempt(fn () => Sse\stream('k', [], 5));
--EXPECT--
ArgumentCountError: Sse\stream() expects at least 1 argument, 0 given
Sse\InvalidArgumentException: Sse\stream(): a key must not be empty; name the stream, for example "USER_QUEUE_1"
Sse\InvalidArgumentException: Sse\stream(): a stream needs at least one key
Sse\InvalidArgumentException: Sse\stream(): a key must not contain a NUL byte, this one does at byte 1
Sse\InvalidArgumentException: Sse\stream(): a key is at most 1024 bytes, this one has 2000; use a hash of it
TypeError: Sse\stream(): keys must be a string or a list of strings, null given
TypeError: Sse\stream(): keys must be a list of strings, array given
TypeError: Sse\stream(): keys must be a string or a list of strings, bool given
Sse\InvalidArgumentException: Sse\stream(): a stream follows at most 64 different keys, this one names more; open a second stream or push to a shared key
ArgumentCountError: Sse\stream() expects at most 2 arguments, 3 given
