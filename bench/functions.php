<?php
/**
 * What the measurements share.
 */
declare(strict_types=1);

namespace Sse\Bench;

/**
 * The time that so large a share of them did not exceed, in microseconds.
 *
 * @param non-empty-list<int|float> $took nanoseconds
 */
function at(array $took, float $share): float
{
    sort($took);

    return $took[(int)((count($took) - 1) * $share)] / 1e3;
}

/**
 * CPU time of a process so far, in milliseconds, by the clock's ticks of 10 ms.
 */
function cpuMs(int $pid): int
{
    $stat = (string)@file_get_contents("/proc/$pid/stat");
    $fields = explode(' ', substr($stat, (int)strrpos($stat, ')') + 2));

    return ((int)($fields[11] ?? 0) + (int)($fields[12] ?? 0)) * 10;
}

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
    throw new \RuntimeException("The stream ended before $text came");
}
