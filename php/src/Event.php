<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * A stored event.
 */
final class Event
{
    /**
     * @param \Sse\Polyfill\EventId $id its place in its key
     * @param int $storedMillis when it was stored, by the clock of that moment, in milliseconds since 1970
     * @param \Sse\Polyfill\Draft $draft its name and JSON
     */
    public function __construct(
        public readonly EventId $id,
        public readonly int $storedMillis,
        public readonly Draft $draft,
    ) {
    }

    /**
     * Where reading goes on behind it.
     */
    public function end(): EventId
    {
        return $this->id;
    }
}
