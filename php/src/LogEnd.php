<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * What the lock's holder knows of a log's end; good for as long as nobody else writes.
 */
final class LogEnd
{
    /**
     * @param int $offset where it is
     * @param \Sse\Polyfill\EventId $lastId of the newest event
     * @param int $events lines that are events
     * @param int $damaged lines that aren't
     * @param int|null $oldestMillis when the oldest was stored at the latest: a time that lies behind that of a later
     *   event is of a clock that was ahead
     * @param bool $isWhole whether all lines were read; else the numbers and the time are of some
     */
    public function __construct(
        public int $offset,
        public EventId $lastId,
        public int $events = 0,
        public int $damaged = 0,
        public ?int $oldestMillis = null,
        public readonly bool $isWhole = true,
    ) {
    }

    /**
     * Takes note of an event.
     */
    public function add(EventId $id, int $storedMillis): void
    {
        $this->events++;
        $this->lastId = $this->lastId->max($id);
        $this->oldestMillis = min($this->oldestMillis ?? $storedMillis, $storedMillis);
    }

    /**
     * Whether there is something to drop: the newest event always stays.
     */
    public function isOver(int $body, Retention $retention, int $now): bool
    {
        return $this->events > ($this->damaged === 0 ? 1 : 0) && (
            $this->events > $retention->eventsLimit()
            || $this->offset - $body > $retention->bytesLimit()
            || $this->oldestMillis !== null && $this->oldestMillis < $retention->oldestMillisLimit($now)
        );
    }
}
