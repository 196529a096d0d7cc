--TEST--
Sse\stream(): with follow false it takes none of the places of sse.worker_streams
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
Sse\configure(['worker_streams' => 1]);
stream('k', ['retry' => 5]);
var_dump(glob("$directory/slot-*"));
--EXPECT--
retry=5 #1 connected {"time": "H:i:s"}
CaughtUp
array(0) {
}
