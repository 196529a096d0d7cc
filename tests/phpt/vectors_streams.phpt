--TEST--
tests/vectors/streams.json: replay, cursors and gaps, byte by byte
--FILE--
<?php
require __DIR__ . '/vectors.inc';
table('streams.json', 'rows', function (array $row): void {
    storeOf($row['files']);
    $wire = wire($row['keys'], ['lastEventId' => $row['client'], 'replay' => $row['replay']]);
    same($row['wire'], preg_replace('/\d\d:\d\d:\d\d/', '{time}', $wire, 1), 'the wire');
});
// Each gap is also in the log.
$gaps = substr_count((string)file_get_contents(temporary() . '/error.log'), 'the client is told');
echo $gaps > 5 ? "gaps are logged\n" : "$gaps gaps are logged\n";
unlink(temporary() . '/error.log');
--EXPECT--
streams.json, rows, dropped by retention: a gap up to what was dropped, told once: the wire is 'id: EAutyv7yNawBm3baqAACojJq
event: connected
data: {"time": "{time}"}

id: EAutyv7yNawBm3baqAAFxqfJ
event: sse-gap
data: {"keys":["USER_QUEUE_1"],"from":"1767225600000-2","to":"1767225600000-5"}

', not 'id: EAutyv7yNawBm3baqAACojJq
event: connected
data: {"time": "{time}"}

id: EAutyv7yNawBm3baqAAFxqfJ
event: sse-gap
data: {"keys":["USER_QUEUE_1"],"from":"1767225600000-2","to":"1767225600000-5"}

id: EAutyv7yNawBm3baqAAGz_Zz
event: message
data: "USER_QUEUE_1 6"

id: EAutyv7yNawBm3baqAAHyMbl
event: message
data: "USER_QUEUE_1 7"

'
streams.json, rows, an id that was dropped: the wire is 'id: 1767225600000-2
event: connected
data: {"time": "{time}"}

id: EAutyv7yNawBm3baqAAFxqfJ
event: sse-gap
data: {"keys":["USER_QUEUE_1"],"from":"1767225600000-2","to":"1767225600000-5"}

', not 'id: 1767225600000-2
event: connected
data: {"time": "{time}"}

id: EAutyv7yNawBm3baqAAFxqfJ
event: sse-gap
data: {"keys":["USER_QUEUE_1"],"from":"1767225600000-2","to":"1767225600000-5"}

id: EAutyv7yNawBm3baqAAGz_Zz
event: message
data: "USER_QUEUE_1 6"

id: EAutyv7yNawBm3baqAAHyMbl
event: message
data: "USER_QUEUE_1 7"

'
streams.json, rows, a position ahead of the log: a gap, then all that is kept: the wire is 'id: EAutyv7yNawBm3baqAAJcOvi
event: connected
data: {"time": "{time}"}

id: EAutyv7yNawBm3baqAAArFNG
event: sse-gap
data: {"keys":["USER_QUEUE_1"],"from":"1767225600000-9","to":"1767225600000-0"}

', not 'id: EAutyv7yNawBm3baqAAJcOvi
event: connected
data: {"time": "{time}"}

id: EAutyv7yNawBm3baqAAArFNG
event: sse-gap
data: {"keys":["USER_QUEUE_1"],"from":"1767225600000-9","to":"1767225600000-0"}

id: EAutyv7yNawBm3baqAABq2PQ
event: message
data: "USER_QUEUE_1 1"

id: EAutyv7yNawBm3baqAACojJq
event: message
data: "USER_QUEUE_1 2"

id: EAutyv7yNawBm3baqAADpQL8
event: message
data: "USER_QUEUE_1 3"

'
streams.json, rows, two gaps are told as one: the wire is 'id: EAutyv4-I-gBm3baqAACypeBAZt22qgAAcBCyg
event: connected
data: {"time": "{time}"}

id: EAutyv4-I-gBm3baqAAGypeBAZt22qgAAxdQZA
event: sse-gap
data: {"keys":["a","b"],"from":"1767225600000-1","to":"1767225600000-6"}

', not 'id: EAutyv4-I-gBm3baqAACypeBAZt22qgAAcBCyg
event: connected
data: {"time": "{time}"}

id: EAutyv4-I-gBm3baqAAGypeBAZt22qgAAxdQZA
event: sse-gap
data: {"keys":["a","b"],"from":"1767225600000-1","to":"1767225600000-6"}

id: EAutyv4-I-gBm3baqAAGypeBAZt22qgABHPFxw
event: message
data: "a 4"

id: EAutyv4-I-gBm3baqAAHypeBAZt22qgABP0aBw
event: message
data: "b 7"

'
streams.json, rows, a gap in one of two keys: the wire is 'id: EAutyv4-I-gBm3baqAACypeBAZt22qgAA84j5g
event: connected
data: {"time": "{time}"}

id: EAutyv4-I-gBm3baqAAGypeBAZt22qgAAxdQZA
event: sse-gap
data: {"keys":["b"],"from":"1767225600000-2","to":"1767225600000-6"}

', not 'id: EAutyv4-I-gBm3baqAACypeBAZt22qgAA84j5g
event: connected
data: {"time": "{time}"}

id: EAutyv4-I-gBm3baqAAGypeBAZt22qgAAxdQZA
event: sse-gap
data: {"keys":["b"],"from":"1767225600000-2","to":"1767225600000-6"}

id: EAutyv4-I-gBm3baqAAGypeBAZt22qgABHPFxw
event: message
data: "a 4"

id: EAutyv4-I-gBm3baqAAHypeBAZt22qgABP0aBw
event: message
data: "b 7"

'
streams.json, rows: done
gaps are logged
