--TEST--
Sse\stream(): connected => false leaves the first event out
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push('k', 1);
stream('k', ['connected' => false]);
stream('k', ['connected' => true]);
--EXPECT--
retry=default : connected
#1 message 1
CaughtUp
retry=default #2 connected {"time": "H:i:s"}
#1 message 1
CaughtUp
