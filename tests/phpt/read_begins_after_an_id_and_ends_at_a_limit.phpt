--TEST--
Sse\read(): after an id, and so many at most
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
for ($number = 0; $number < 250; $number++) {
    $ids[] = Sse\push('k', $number);
}
$show = fn (array $events): string => $events ? $events[0]['data'] . '…' . end($events)['data'] . ' (' . count($events) . ")\n" : "none\n";
echo $show(Sse\read('k')), $show(Sse\read('k', $ids[99])), $show(Sse\read('k', $ids[200])), $show(Sse\read('k', $ids[249]));
echo $show(Sse\read('k', limit: 5)), $show(Sse\read('k', $ids[10], 3)), $show(Sse\read('k', null, 100_000)), $show(Sse\read('k', null, '7'));
// Before the first event, and behind what the log began with.
[$millis, $sequence] = explode('-', $ids[0]);
$before = $sequence > 0 ? "$millis-" . ($sequence - 1) : ($millis - 1) . '-16383';
echo $show(Sse\read('k', $before, 2));
--EXPECT--
0…99 (100)
100…199 (100)
201…249 (49)
none
0…4 (5)
11…13 (3)
0…249 (250)
0…6 (7)
0…1 (2)
