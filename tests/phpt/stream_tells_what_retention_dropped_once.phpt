--TEST--
Sse\stream(): what retention has dropped is told once, with the extent
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\configure(['retention_events' => 4]);
foreach (range(0, 5) as $number) {
    $ids[] = Sse\push('k', $number);
    $cursors[] = Sse\cursor('k');
}
$wire = stream('k', ['lastEventId' => $cursors[0]]);
echo masked("$ids[0] … $ids[1]\n");
preg_match_all('/^id: (.*)$/m', $wire, $frames);
echo $frames[1][0] === $cursors[0] ? "connected still says where the client was\n" : "?\n";
stream('k', ['lastEventId' => $frames[1][0]]);
stream('k', ['lastEventId' => $frames[1][1]]);
stream('k', ['lastEventId' => $cursors[1]]);
logged();
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 sse-gap {"keys":["k"],"from":"id1","to":"id2"}
#3 message 2
#4 message 3
#5 message 4
#6 message 5
CaughtUp
id1 … id2
connected still says where the client was
retry=default #1 connected {"time": "H:i:s"}
#2 sse-gap {"keys":["k"],"from":"id1","to":"id2"}
#3 message 2
#4 message 3
#5 message 4
#6 message 5
CaughtUp
retry=default #2 connected {"time": "H:i:s"}
#3 message 2
#4 message 3
#5 message 4
#6 message 5
CaughtUp
retry=default #2 connected {"time": "H:i:s"}
#3 message 2
#4 message 3
#5 message 4
#6 message 5
CaughtUp
log: sse: gap in key "k": events after id1 up to id2 are gone; the client is told
log: sse: gap in key "k": events after id1 up to id2 are gone; the client is told
