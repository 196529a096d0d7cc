--TEST--
Sse\push(): ids rise strictly, within a millisecond and from several processes
--EXTENSIONS--
pcntl
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
for ($process = 0; $process < 3; $process++) {
    if (pcntl_fork() === 0) {
        for ($number = 0; $number < 300; $number++) {
            Sse\push('k', [$process, $number]);
        }
        exit;
    }
}
while (pcntl_wait($status) > 0);
$events = Sse\read('k', null, 1000);
$ids = array_column($events, 'id');
$sorted = $ids;
natsort($sorted);
echo count(array_unique($ids)), ' ids, ', array_values($sorted) === $ids ? "rising\n" : "not rising\n";
foreach ([0, 1, 2] as $process) {
    $own = array_filter($events, static fn (array $event): bool => $event['data'][0] === $process);
    echo array_column(array_column($own, 'data'), 1) === range(0, 299) ? 'each once, in order' : 'mixed up', "\n";
}
--EXPECT--
900 ids, rising
each once, in order
each once, in order
each once, in order
