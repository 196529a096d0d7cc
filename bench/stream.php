<?php
/**
 * How long from Sse\push() to a client behind nginx and PHP-FPM, one stream at a time; and what an idle stream costs.
 *
 * usage: php -d extension=… -d sse.dir=… stream.php http://127.0.0.1:PORT/stream.php PID_OF_FPM
 */
declare(strict_types=1);

use function Sse\Bench\at;
use function Sse\Bench\cpuMs;
use function Sse\Bench\readUntil;

require __DIR__ . '/functions.php';

/** Pushes, and the microseconds between two of them: a processor that slept in between takes longer. */
const PACES = [[500, 5_000], [50, 200_000]];
const IDLE_S = 10;
const DEADLINE_S = 10;

[, $address, $fpm] = $argv;
$url = parse_url($address);
$socket = stream_socket_client("tcp://{$url['host']}:{$url['port']}", timeout: DEADLINE_S)
    ?: throw new RuntimeException("Cannot connect to $address");
stream_set_timeout($socket, DEADLINE_S);
// HTTP/1.0, so that the frames come as they are, without chunks.
fwrite($socket, "GET {$url['path']} HTTP/1.0\r\nHost: {$url['host']}\r\n\r\n");
readUntil($socket, 'event: connected');

foreach (PACES as [$pushes, $pause]) {
    $took = [];
    for ($i = 0; $i < $pushes; $i++) {
        $mark = sprintf('"mark-%d-%d"', $pause, $i);
        $began = hrtime(true);
        Sse\push('bench', ['mark' => trim($mark, '"')]);
        readUntil($socket, $mark);
        $took[] = hrtime(true) - $began;
        usleep($pause);
    }
    printf("push to client, one stream  p50 %6.1f µs   p99 %6.1f µs   worst %8.1f µs   (%d pushes, %d ms apart)\n", at($took, .5), at($took, .99), at($took, 1.), $pushes, $pause / 1_000);
}

$processes = [(int)$fpm, ...array_map(intval(...), explode(' ', trim((string)file_get_contents("/proc/$fpm/task/$fpm/children"))))];
$cpu = fn(): int => array_sum(array_map(cpuMs(...), $processes));
$before = $cpu();
sleep(IDLE_S);
printf("idle stream                 %d ms of CPU in FPM over %d s\n", $cpu() - $before, IDLE_S);
