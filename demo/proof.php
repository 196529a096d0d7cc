<?php
/**
 * Subscribes to a stream through the web server, pushes, and says how long the event took to come back.
 *
 * usage: php -d extension=… -d sse.dir=… proof.php http://127.0.0.1:PORT/events.php
 */
declare(strict_types=1);

const ROUNDS = 50;
const DEADLINE_S = 10;

$url = parse_url($argv[1]);
$started = hrtime(true);
$socket = stream_socket_client("tcp://{$url['host']}:{$url['port']}", timeout: DEADLINE_S)
    ?: throw new RuntimeException("Cannot connect to $argv[1]");
stream_set_timeout($socket, DEADLINE_S);
// HTTP/1.0, so that the frames come as they are, without chunks.
fwrite($socket, "GET {$url['path']} HTTP/1.0\r\nHost: {$url['host']}\r\nAccept: text/event-stream\r\n\r\n");
readUntil($socket, 'event: connected');
$subscribed = hrtime(true) - $started;

$latencies = [];
for ($round = 0; $round < ROUNDS; $round++) {
    $mark = bin2hex(random_bytes(8));
    $pushed = hrtime(true);
    Sse\push('pulse', ['mark' => $mark, 'at' => microtime(true)], 'pulse');
    readUntil($socket, $mark);
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

/**
 * Reads lines until one holds a text.
 *
 * @param resource $socket
 */
function readUntil($socket, string $text): void
{
    $seen = '';
    while (($line = fgets($socket)) !== false) {
        if (str_contains($line, $text)) {
            return;
        }
        $seen .= $line;
    }
    throw new RuntimeException("Waited for \"$text\" and got:\n" . substr($seen, -2000));
}
