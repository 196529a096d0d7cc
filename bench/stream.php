<?php
/**
 * How long from Sse\push() to a client behind nginx and PHP-FPM, one stream at a time; and what an idle stream costs.
 *
 * usage: php -d extension=SSE.SO stream.php SSE.SO
 */
declare(strict_types=1);

use Sse\Support\Client;
use function Sse\Bench\at;
use function Sse\Bench\cpuMs;
use function Sse\Bench\stack;

require __DIR__ . '/functions.php';

/** Pushes, and the microseconds between two of them: a processor that slept in between takes longer. */
const PACES = [[500, 5_000], [50, 200_000]];
const IDLE_S = 10;

$stack = stack($argv[1]);
$client = new Client("$stack->url/stream.php?key=bench");
$client->until('event: connected');

foreach (PACES as [$pushes, $pause]) {
    $took = [];
    for ($i = 0; $i < $pushes; $i++) {
        $mark = sprintf('"mark-%d-%d"', $pause, $i);
        $began = hrtime(true);
        Sse\push('bench', ['mark' => trim($mark, '"')]);
        $client->until($mark);
        $took[] = hrtime(true) - $began;
        usleep($pause);
    }
    printf("push to client, one stream  p50 %6.1f µs   p99 %6.1f µs   worst %8.1f µs   (%d pushes, %d ms apart)\n", at($took, .5), at($took, .99), at($took, 1.), $pushes, $pause / 1_000);
}

$fpm = $stack->describe()['pids']['fpm'];
$processes = [$fpm, ...array_map(intval(...), explode(' ', trim((string)file_get_contents("/proc/$fpm/task/$fpm/children"))))];
$cpu = fn(): int => array_sum(array_map(cpuMs(...), $processes));
$before = $cpu();
sleep(IDLE_S);
printf("idle stream                 %d ms of CPU in FPM over %d s\n", $cpu() - $before, IDLE_S);
