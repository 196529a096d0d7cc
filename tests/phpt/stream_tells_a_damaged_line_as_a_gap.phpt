--TEST--
Sse\stream(): a line damaged by hand is a gap, the lines around it arrive
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
$start = Sse\cursor('k');
foreach (['one', 'two', 'three'] as $data) {
    Sse\push('k', $data);
}
[$log] = glob("$directory/*.log");
file_put_contents($log, str_replace('"two"', '"TWO"', file_get_contents($log)));
stream('k', ['lastEventId' => $start]);
logged();
// A line without an end is no line yet.
file_put_contents($log, substr(file_get_contents($log), 0, -1));
Sse\push('k', 'four');
stream('k', ['replay' => 2]);
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "one"
#3 sse-gap {"keys":["k"],"from":"id1","to":"id2"}
#4 message "three"
CaughtUp
log: sse: gap in key "k": events after id1 up to id2 are gone; the client is told
retry=default #2 connected {"time": "H:i:s"}
#4 message "three"
#5 message "four"
CaughtUp
