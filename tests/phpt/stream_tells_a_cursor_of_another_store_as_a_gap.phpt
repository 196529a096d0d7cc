--TEST--
Sse\stream(): a cursor of another store is a gap, then all that is kept
--FILE--
<?php
require __DIR__ . '/sse.inc';
store('one');
Sse\push('k', 'from one');
$cursor = Sse\cursor('k');
store('two');
Sse\push('k', 'a');
Sse\push('k', 'b');
$wire = stream('k', ['lastEventId' => $cursor, 'replay' => 'none']);
stream('k', ['lastEventId' => lastId($wire), 'replay' => 'none']);
logged();
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 sse-gap {"keys":["k"],"from":"id1","to":"id2"}
#3 message "a"
#4 message "b"
CaughtUp
retry=default #4 connected {"time": "H:i:s"}
CaughtUp
log: sse: gap in key "k": events after id1 up to id2 are gone; the client is told
