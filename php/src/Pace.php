<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * How often a stream looks whether there is something new: every 5 ms after an event, slowing down to every 100 ms, so
 * that one that waits for long costs next to nothing.
 */
final class Pace
{
    private const SHORTEST = 0.005;
    private const LONGEST = 0.1;

    /** A pause is this part of the time in which nothing came. */
    private const PART = 0.03;

    /** When something came last, by `now()`. */
    private float $last;

    /** Where a worker of PHP-FPM takes its requests from. */
    private ?string $listening;

    /** What the server is known by as long as it isn't told to stop. */
    private int|string|false $server;

    public function __construct()
    {
        $this->last = self::now();
        $this->listening = PHP_SAPI === 'fpm-fcgi' ? Sockets::listening() : null;
        $this->server = $this->server();
    }

    /**
     * Seconds by a clock that nobody sets.
     */
    public static function now(): float
    {
        return hrtime(true) / 1e9;
    }

    /**
     * Something came: more may follow.
     */
    public function hurry(): void
    {
        $this->last = self::now();
    }

    /**
     * Sleeps until it is time to look again, not longer than until then; true if a signal came.
     */
    public function pause(float $until): bool
    {
        $now = self::now();
        $pause = min(max(($now - $this->last) * self::PART, self::SHORTEST), self::LONGEST);

        return !self::sleep(min($pause, $until - $now));
    }

    /**
     * Sleeps so many seconds; false if a signal ended it before.
     */
    public static function sleep(float $seconds): bool
    {
        $seconds = max(0.0, $seconds);
        $whole = (int)$seconds;
        if (function_exists('time_nanosleep')) {
            return time_nanosleep($whole, (int)(($seconds - $whole) * 1e9)) === true;
        }
        usleep((int)($seconds * 1e6));

        return true;
    }

    /**
     * Whether the server was told to stop.
     */
    public function shutsDown(): bool
    {
        return $this->server !== $this->server();
    }

    private function server(): int|string|false
    {
        return match (true) {
            // A worker of PHP-FPM that is to stop closes the socket that its requests come from.
            $this->listening !== null => Sockets::of($this->listening),
            // One of `php -S` is without its parent when the server ends.
            PHP_SAPI === 'cli-server' && function_exists('posix_getppid') => posix_getppid(),
            default => false,
        };
    }
}
