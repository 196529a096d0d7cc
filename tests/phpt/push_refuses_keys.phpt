--TEST--
Sse\push(): keys that can't be used
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
attempt(fn () => Sse\push('', 1));
attempt(fn () => Sse\push(str_repeat('k', 1025), 1));
attempt(fn () => Sse\push("a\0b", 1));
attempt(fn () => Sse\push(null, 1));
attempt(fn () => Sse\push(true, 1));
attempt(fn () => Sse\push(['k'], 1));
attempt(fn () => Sse\push(new ArrayObject(), 1));
--EXPECT--
Sse\InvalidArgumentException: Sse\push(): a key must not be empty; name the stream, for example "USER_QUEUE_1"
Sse\InvalidArgumentException: Sse\push(): a key is at most 1024 bytes, this one has 1025; use a hash of it
Sse\InvalidArgumentException: Sse\push(): a key must not contain a NUL byte, this one does at byte 1
TypeError: Sse\push(): key must be a string, null given
TypeError: Sse\push(): key must be a string, bool given
TypeError: Sse\push(): key must be a string, array given
TypeError: Sse\push(): key must be a string, ArrayObject given
