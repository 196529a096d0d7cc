--TEST--
Sse\stream(): fetch gets the payload of external events by their reference
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$start = Sse\cursor('k');
foreach (['row 1', 'plain', 'null', 'gone', 'empty', 'throws', 'text', 'row 2'] as $reference) {
    $ids[] = Sse\push('k', $reference, null, ['external' => $reference !== 'plain']);
}
$fetched = [];
$fetch = function (string $reference) use (&$fetched): mixed {
    $fetched[] = $reference;

    return match ($reference) {
        'null' => [null],
        'gone' => null,
        'empty' => [],
        'throws' => throw new DomainException('database gone'),
        'text' => 'not a list',
        default => [['of' => $reference, 'event' => 'fetched']],
    };
};
stream('k', ['lastEventId' => $start, 'fetch' => $fetch]);
echo implode(', ', $fetched), "\n";
logged();
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 fetched {"of":"row 1"}
#3 message "plain"
#4 message null
#5 sse-gap {"keys":["k"],"from":"id1","to":"id2"}
#6 sse-gap {"keys":["k"],"from":"id2","to":"id3"}
#7 sse-gap {"keys":["k"],"from":"id4","to":"id5"}
#8 fetched {"of":"row 2"}
CaughtUp
row 1, null, gone, empty, throws, text, row 2
log: sse: gap in key "k": events after id1 up to id2 are gone; the client is told
log: sse: gap in key "k": events after id2 up to id3 are gone; the client is told
log: sse: fetch, key "k", event id4 threw DomainException: database gone in {test}:16; the stream goes on
log: sse: gap in key "k": events after id4 up to id5 are gone; the client is told
