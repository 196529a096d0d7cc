--TEST--
Sse\stream(): with follow false it doesn't wait for a store that is locked, but has its client come back
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
Sse\push('k', 'before');
// With the writers kept away it would be read once more.
[$log] = glob("$directory/k-*.log");
file_put_contents($log, "damaged\n", FILE_APPEND);
$held = fopen($log, 'r');
flock($held, LOCK_EX);
stream('k', ['retry' => 5, 'replay' => 'all']);
--EXPECT--
retry=5 #1 connected {"time": "H:i:s"}
#2 message "before"
retry=3 to 15 s : the store can't be had, come back later
Failed
