<?php
/**
 * How long from Sse\push() to a client behind nginx and PHP-FPM, one stream at a time; and what an idle stream costs.
 *
 * usage: php -d extension=… -d sse.dir=… stream.php http://127.0.0.1:PORT/stream.php PID_OF_FPM
 */
declare(strict_types=1);

const PUSHES = 500;
const PAUSE_US = 5_000;
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

$took = [];
for ($i = 0; $i < PUSHES; $i++) {
    $mark = sprintf('"mark-%d"', $i);
    $began = hrtime(true);
    Sse\push('bench', ['mark' => trim($mark, '"')]);
    readUntil($socket, $mark);
    $took[] = hrtime(true) - $began;
    usleep(PAUSE_US);
}
sort($took);
$at = fn(float $share): float => $took[(int)((PUSHES - 1) * $share)] / 1e3;
printf("push to client, one stream  p50 %6.1f µs   p99 %6.1f µs   worst %8.1f µs   (%d pushes, %d ms apart)\n", $at(.5), $at(.99), $at(1.), PUSHES, PAUSE_US / 1_000);

$before = ticks((int)$fpm);
sleep(IDLE_S);
printf("idle stream                 %d ms of CPU in FPM over %d s\n", (ticks((int)$fpm) - $before) * 10, IDLE_S);

/**
 * Reads lines until one holds a text.
 *
 * @param resource $socket
 */
function readUntil($socket, string $text): void
{
    while (($line = fgets($socket)) !== false) {
        if (str_contains($line, $text)) {
            return;
        }
    }
    throw new RuntimeException("The stream ended before $text came");
}

/**
 * CPU time of a process and its children, in clock ticks of 10 ms.
 */
function ticks(int $parent): int
{
    $total = 0;
    foreach (glob('/proc/[0-9]*/stat') ?: [] as $file) {
        $stat = (string)@file_get_contents($file);
        $fields = explode(' ', substr($stat, (int)strrpos($stat, ')') + 2));
        $pid = (int)$stat;
        if ($pid === $parent || (int)($fields[1] ?? 0) === $parent) {
            $total += (int)$fields[11] + (int)$fields[12];
        }
    }

    return $total;
}
