<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Room for pages beside the streams of `php -S`: one of its workers may take two connections at once, and then the second
 * would wait until the stream of the first has ended.
 */
final class Room
{
    /** Seconds between two looks. */
    private const LOOKS = 1.0;

    private float $next;

    public function __construct()
    {
        $this->next = PHP_SAPI === 'cli-server' ? Pace::now() + self::LOOKS : INF;
    }

    /**
     * When to look again, by `Pace::now()`.
     */
    public function due(): float
    {
        return $this->next;
    }

    /**
     * Looks, if it is time; true if somebody waits for this process.
     */
    public function look(float $now): bool
    {
        if ($now < $this->next) {
            return false;
        }
        $this->next = $now + self::LOOKS;

        return Sockets::keepsWaiting((int)($_SERVER['SERVER_PORT'] ?? 0));
    }
}
