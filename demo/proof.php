<?php
/**
 * Subscribes to a stream through the web server, pushes, and says how long the event took to come back.
 *
 * usage: php -d extension=… -d sse.dir=… proof.php http://127.0.0.1:PORT/events.php
 */
declare(strict_types=1);

use Sse\Support\Client;

require dirname(__DIR__) . '/tests/support/Client.php';

const ROUNDS = 50;

$started = hrtime(true);
$client = new Client($argv[1]);
$client->until('event: connected');
$subscribed = hrtime(true) - $started;

$latencies = [];
for ($round = 0; $round < ROUNDS; $round++) {
    $mark = bin2hex(random_bytes(8));
    $pushed = hrtime(true);
    Sse\push('pulse', ['mark' => $mark, 'at' => microtime(true)], 'pulse');
    $client->until($mark);
    $latencies[] = hrtime(true) - $pushed;
}

$first = $latencies[0];
sort($latencies);
printf(
    "subscribed in %.1f ms, pushed, received %s µs after the push; median of %d: %s µs\n",
    $subscribed / 1e6,
    number_format($first / 1e3),
    ROUNDS,
    number_format($latencies[intdiv(ROUNDS, 2)] / 1e3),
);
