<?php
/**
 * The hub with many streams on two FPM workers behind nginx: connecting, push to client, memory, idle CPU, and what an
 * ordinary page notices of them.
 *
 * usage: php -d extension=SSE.SO hub.php SSE.SO CLIENTS-PROGRAM [STREAMS …]
 */
declare(strict_types=1);

namespace Sse\Bench;

use RuntimeException;

require __DIR__ . '/functions.php';

const PUSHES = 20;
const PAUSE_US = 200_000;
const IDLE_S = 10;
const PAGES = 500;

[, $extension, $program] = $argv;
$sizes = array_map(intval(...), array_slice($argv, 3)) ?: [1, 1_000, 9_000, 9_500];
$stack = stack($extension, 2 * max($sizes) + 200);

$quiet = pages($stack->url);
printf("streams in the hub, %d FPM workers; %d pushes, %d ms apart: everything is idle and cold between\n", WORKERS, PUSHES, PAUSE_US / 1_000);
printf(
    "%-10s %12s %12s %12s %12s %6s %12s %12s %14s %14s\n",
    'streams', 'connect s', 'push p50 µs', 'p99', 'worst', 'lost', 'page p50 µs', 'without', 'hub B/stream', "idle ms/" . IDLE_S . ' s',
);
$first = null;
foreach ($sizes as $streams) {
    // Of a key of their own: nothing of the others is to be replayed.
    $key = "bench-$streams";
    $clients = new Clients($program, $stack->url, "/stream.php?key=$key", $streams);
    $connected = $clients->answer();
    $hub = (int)file_get_contents("{$stack->hub?->socket}.pid");
    // What a hub needs for itself is what it has for its first streams.
    $first ??= anonymousKib($hub);
    $grown = anonymousKib($hub) - $first;
    $clients->ask(PUSHES);
    for ($number = 0; $number < PUSHES; $number++) {
        \Sse\push($key, ['n' => $number, 't' => hrtime(true)]);
        usleep(PAUSE_US);
    }
    $pushed = $clients->answer();
    $page = pages($stack->url);
    $before = cpuMs($hub);
    sleep(IDLE_S);
    $idle = cpuMs($hub) - $before;
    printf(
        "%-10s %12.3f %12.0f %12.0f %12.0f %6d %12.0f %12.0f %14s %14d\n",
        number_format($connected['connected']),
        $connected['seconds'], $pushed['p50_us'], $pushed['p99_us'], $pushed['worst_us'],
        $pushed['lost'] + $pushed['doubled'] + $pushed['ended'], $page, $quiet,
        $streams > 1 ? number_format($grown * 1024 / $streams) : '-', $idle,
    );
    $clients->leave();
    // Their leaving is no part of the next ones' coming.
    sleep(1);
}

/** How long an ordinary page takes, in the middle of many: microseconds. */
function pages(string $url): float
{
    $took = [];
    for ($number = 0; $number < PAGES; $number++) {
        $began = hrtime(true);
        if (file_get_contents("$url/ping.php") !== 'pong') {
            throw new RuntimeException('the page does not answer');
        }
        $took[] = hrtime(true) - $began;
    }

    return at($took, .5);
}
