<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * When something is due in a stream. Its heartbeat and its lifetime are drawn from 80 to 100 % of what was asked for, anew
 * for each stream: streams that began together, or got the same event, neither beat nor end together.
 *
 * Always true: the heartbeat counts from the last byte that the client took, so that events which are filtered out don't
 * starve it.
 */
final class Schedule
{
    private float $heartbeat;
    private float $written;
    private float $ends;

    /**
     * For a stream that begins now.
     *
     * @param float $heartbeat seconds
     * @param float $lifetime seconds; 0 for no end
     * @param float $latest when it ends at the latest, by `Pace::now()`
     */
    public function __construct(float $heartbeat, float $lifetime, float $latest = INF)
    {
        $this->written = Pace::now();
        $this->heartbeat = Jitter::shortened($heartbeat);
        $this->ends = min($latest, $lifetime === 0.0 ? INF : $this->written + Jitter::shortened($lifetime));
    }

    /**
     * The client took a byte.
     */
    public function wrote(): void
    {
        $this->written = Pace::now();
    }

    /**
     * Whether a heartbeat is due.
     */
    public function isQuiet(float $now): bool
    {
        return $now - $this->written >= $this->heartbeat;
    }

    /**
     * Whether its time is up.
     */
    public function isOver(float $now): bool
    {
        return $now >= $this->ends;
    }

    /**
     * When the next is due: a heartbeat, or the end.
     */
    public function next(): float
    {
        return min($this->written + $this->heartbeat, $this->ends);
    }
}
