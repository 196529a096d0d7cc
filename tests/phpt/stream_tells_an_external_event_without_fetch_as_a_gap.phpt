--TEST--
Sse\stream(): an external event without fetch is a gap; with beforeSend, what was fetched goes through it
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$start = Sse\cursor('k');
Sse\push('k', 'a');
Sse\push('k', 5, 'row', ['external' => true]);
stream('k', ['lastEventId' => $start]);
logged();
stream('k', ['replay' => 'all', 'fetch' => fn (int $id): array => [$id * 2], 'beforeSend' => fn (mixed $payload): mixed => "<$payload>"]);
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "a"
#3 sse-gap {"keys":["k"],"from":"id1","to":"id2"}
CaughtUp
log: sse: event id2 of key "k" is external and this stream has no fetch option; its client is told of a gap
log: sse: gap in key "k": events after id1 up to id2 are gone; the client is told
retry=default #1 connected {"time": "H:i:s"}
#2 message "<a>"
#3 row "<10>"
CaughtUp
