--TEST--
Sse\read(): what retention has dropped is told as an entry named sse-gap
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\configure(['retention_events' => 4]);
for ($number = 0; $number < 6; $number++) {
    $ids[] = Sse\push('k', $number);
}
attempt(fn () => array_map(fn (array $event): array => [$event['event'], $event['data']], Sse\read('k', $ids[0])));
echo masked("$ids[0] $ids[1]\n");
echo count(Sse\read('k')), " are kept\n";
echo count(Sse\read('k', $ids[0], 1)), " entries: a gap is told on top of the limit\n";
attempt(fn () => array_column(Sse\read('k', $ids[1]), 'data'));
attempt(fn () => Sse\read('unknown', $ids[0])[0]['data']);
--EXPECT--
[["sse-gap",{"keys":["k"],"from":"id1","to":"id2"}],[null,2],[null,3],[null,4],[null,5]]
id1 id2
4 are kept
2 entries: a gap is told on top of the limit
[2,3,4,5]
{"keys":["unknown"],"from":"id1","to":"id1"}
