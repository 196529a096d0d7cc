--TEST--
Sse\stream(): eventName is the name of events that have none
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push('k', 1);
Sse\push('k', 2, 'named');
stream('k', ['eventName' => 'update', 'replay' => 'all']);
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 update 1
#3 named 2
CaughtUp
