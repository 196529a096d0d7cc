--TEST--
Sse\stream(): several keys are followed as one, each in order, also those named twice
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['a1', 'b1', 'a2'] as $data) {
    Sse\push($data[0], $data);
    tick();
}
Sse\push('not followed', 'x');
$wire = stream(['b', 'a', 'b', 'c'], ['replay' => 'all']);
Sse\push('c', 'c1');
tick();
Sse\push('b', 'b2');
stream(['a', 'b', 'c'], ['lastEventId' => lastId($wire)]);
// A key gone is ignored, a new one starts by replay.
stream(['c', 'd'], ['lastEventId' => lastId($wire)]);
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "a1"
#3 message "b1"
#4 message "a2"
CaughtUp
retry=default #4 connected {"time": "H:i:s"}
#5 message "c1"
#6 message "b2"
CaughtUp
retry=default #7 connected {"time": "H:i:s"}
#8 message "c1"
CaughtUp
