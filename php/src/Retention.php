<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Bounds per key. The newest event always stays; what goes beyond them is dropped oldest first, and clients that still
 * needed it are told of a gap. A store may keep up to a quarter more, so that a push doesn't rewrite a log each time.
 */
final class Retention
{
    /**
     * @param int $ageMs oldest event kept
     * @param int $events events kept
     * @param int $bytes bytes kept, as stored
     */
    public function __construct(
        public readonly int $ageMs,
        public readonly int $events,
        public readonly int $bytes,
    ) {
    }

    /**
     * Events at which a log is cut back.
     */
    public function eventsLimit(): int
    {
        return $this->events + intdiv($this->events, 4);
    }

    /**
     * Bytes at which a log is cut back.
     */
    public function bytesLimit(): int
    {
        return $this->bytes + intdiv($this->bytes, 4);
    }

    /**
     * Events before this instant (milliseconds since 1970) are too old.
     */
    public function oldestMillis(int $nowMillis): int
    {
        return max(0, $nowMillis - $this->ageMs);
    }

    /**
     * The same, for when a log is cut back.
     */
    public function oldestMillisLimit(int $nowMillis): int
    {
        return max(0, $nowMillis - $this->ageMs - intdiv($this->ageMs, 4));
    }
}
