--TEST--
Sse\stream(): a client without a cursor is told of no gap before it came, nor when it comes back
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['gone', 'row 1', 'gone', 'gone', 'row 2', 'gone'] as $reference) {
    Sse\push('k', $reference, null, ['external' => true]);
}
$fetch = fn (string $reference): array => $reference === 'gone' ? [] : [$reference];
foreach (['all', 'last', 1, 'none'] as $replay) {
    $id = lastId(stream('k', ['replay' => $replay, 'fetch' => $fetch]));
    stream('k', ['lastEventId' => $id, 'connected' => false, 'fetch' => $fetch]);
}
logged();
// What is lost from now on is told.
Sse\push('k', 'gone', null, ['external' => true]);
stream('k', ['lastEventId' => $id, 'connected' => false, 'fetch' => $fetch]);
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "row 1"
#3 message "row 2"
CaughtUp
retry=default : connected
CaughtUp
retry=default #3 connected {"time": "H:i:s"}
CaughtUp
retry=default : connected
CaughtUp
retry=default #3 connected {"time": "H:i:s"}
CaughtUp
retry=default : connected
CaughtUp
retry=default #3 connected {"time": "H:i:s"}
CaughtUp
retry=default : connected
CaughtUp
retry=default : connected
#4 sse-gap {"keys":["k"],"from":"id1","to":"id2"}
CaughtUp
log: sse: gap in key "k": events after id1 up to id2 are gone; the client is told