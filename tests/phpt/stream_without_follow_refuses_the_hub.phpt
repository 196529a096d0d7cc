--TEST--
Sse\stream(): follow is true or false, and a stream without it can't be required of the hub
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
attempt(fn () => Sse\stream('k', ['follow' => 'no']));
attempt(fn () => Sse\stream('k', ['follow' => false, 'handoff' => 'require']));
--EXPECT--
Sse\InvalidArgumentException: Sse\stream(): option "follow" is "no"; it takes true or false
Sse\StreamException: Sse\stream(): the option "handoff" is "require", and the hub can't take this stream: the option "follow" is false, so the stream ends at once
