--TEST--
Sse\stream(): 64 keys are followed, numbers count as strings, and an array's own keys don't matter
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$keys = range(1, 64);
Sse\push('7', 'seven');
stream($keys);
stream(['x' => 'seven', 'y' => 7]);
stream('7');
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "seven"
CaughtUp
retry=default #3 connected {"time": "H:i:s"}
#4 message "seven"
CaughtUp
retry=default #5 connected {"time": "H:i:s"}
#6 message "seven"
CaughtUp
