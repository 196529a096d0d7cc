<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * An event's place in its key, written `ms-seq`: milliseconds since 1970 and a counter within the millisecond. Ids of
 * one key rise strictly, also when the clock steps back: then they go on from the last one, not from the clock.
 */
final class EventId
{
    /** Milliseconds that a cursor has room for (48 bits, the year 10889). */
    public const MAX_MILLIS = (1 << 48) - 1;

    /**
     * Milliseconds by which an id may be ahead of the clock and still tell the time: those of a new key begin above
     * the clock, and a millisecond that is full borrows the next.
     */
    public const NEARLY = 1_000;

    /** Counters handed out per millisecond before the next one is borrowed; keeps cursors short. */
    private const MAX_SEQUENCE = 0x3fff;

    public function __construct(public readonly int $millis, public readonly int $sequence)
    {
    }

    /**
     * The place before every event.
     */
    public static function zero(): self
    {
        return new self(0, 0);
    }

    /**
     * Reads `ms-seq` and nothing else: no sign, no leading zero, no space. PHP's numbers have 63 bits, which is more
     * than any counter that is handed out.
     */
    public static function parse(string $text): ?self
    {
        $parts = explode('-', $text);
        if (count($parts) !== 2) {
            return null;
        }
        [$millis, $sequence] = [self::number($parts[0]), self::number($parts[1])];

        return $millis === null || $millis > self::MAX_MILLIS || $sequence === null
            ? null
            : new self($millis, $sequence);
    }

    /**
     * A number as it is written here, also elsewhere in a store's files.
     */
    public static function number(string $digits): ?int
    {
        $number = (int)$digits;

        return (string)$number === $digits && $number >= 0 ? $number : null;
    }

    /**
     * Milliseconds since 1970 by the system's clock.
     */
    public static function nowMillis(): int
    {
        return min((int)(microtime(true) * 1_000), self::MAX_MILLIS);
    }

    /**
     * The id of an event stored now, right behind this one.
     */
    public function next(int $nowMillis): self
    {
        return match (true) {
            $nowMillis > $this->millis => new self($nowMillis, 0),
            $this->sequence < self::MAX_SEQUENCE => new self($this->millis, $this->sequence + 1),
            default => new self($this->millis + 1, 0),
        };
    }

    /**
     * The last place before this one: no id of ours lies between the two.
     */
    public function before(): self
    {
        return match (true) {
            $this->sequence > 0 => new self($this->millis, $this->sequence - 1),
            $this->millis > 0 => new self($this->millis - 1, self::MAX_SEQUENCE),
            default => $this,
        };
    }

    /**
     * When an event of this id was stored, where that has to be noted beside it.
     */
    public function timeApart(int $nowMillis): ?int
    {
        return abs($this->millis - $nowMillis) > self::NEARLY ? $nowMillis : null;
    }

    /**
     * Less than 0 if it lies before the other, 0 if it is the same place.
     */
    public function compare(self $other): int
    {
        return $this->millis <=> $other->millis ?: $this->sequence <=> $other->sequence;
    }

    /**
     * Whether it lies behind the other.
     */
    public function isAfter(self $other): bool
    {
        return $this->compare($other) > 0;
    }

    /**
     * The later one of the two.
     */
    public function max(self $other): self
    {
        return $other->isAfter($this) ? $other : $this;
    }

    /**
     * As it is written.
     */
    public function text(): string
    {
        return "$this->millis-$this->sequence";
    }
}
