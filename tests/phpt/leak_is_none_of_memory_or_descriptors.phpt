--TEST--
pushing, reading and streaming leave no memory and no descriptors behind
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$round = function (): void {
    Sse\push('k', ['event' => 'toast', 'text' => str_repeat('x', 500)]);
    Sse\push('x', 1, 'name', ['external' => true]);
    Sse\read('k', null, 50);
    Sse\cursor(['k', 'x']);
    Sse\status();
    Sse\configure(['heartbeat' => 5]);
    try {
        Sse\push('', 1);
    } catch (Sse\Exception) {
    }
    ob_start();
    Sse\stream(['k', 'x'], ['follow' => false, 'replay' => 3, 'beforeSend' => fn (mixed $payload): mixed => [$payload], 'fetch' => fn (): array => [2], 'onLoop' => fn () => print('x')]);
    ob_end_clean();
    file_put_contents(temporary() . '/error.log', '');
};
$count = fn (): array => [memory_get_usage(), count(scandir('/proc/self/fd'))];
for ($i = 0; $i < 60; $i++) {
    $round();
    $i === 9 && $before = $count();
}
$after = $count();
echo $after[0] - $before[0] < 2048 ? "memory flat\n" : 'memory +' . ($after[0] - $before[0]) . "\n";
echo $after[1] <= $before[1] ? "descriptors flat\n" : "descriptors: $before[1], then $after[1]\n";
--EXPECT--
memory flat
descriptors flat
