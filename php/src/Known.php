<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * What a client says it has: nothing, or nothing that we wrote; a single key's event id, as `push` answers it; or a
 * cursor of this store or another.
 */
final class Known
{
    /**
     * @param int|null $epoch the cursor's store, if it is a cursor
     * @param list<\Sse\Polyfill\EventId|null> $positions what it says of each key
     */
    private function __construct(private ?int $epoch, private array $positions)
    {
    }

    /**
     * Reads it strictly.
     *
     * @param list<\Sse\Polyfill\Key> $keys
     */
    public static function read(?string $client, array $keys): self
    {
        $cursor = Cursor::read((string)$client);
        if ($cursor !== null) {
            return new self($cursor->epoch, $cursor->positions($keys));
        }

        return new self(null, count($keys) === 1 ? [EventId::parse((string)$client)] : []);
    }

    /**
     * Its position in the key with this index.
     */
    public function position(int $index): ?EventId
    {
        return $this->positions[$index] ?? null;
    }

    /**
     * Where reading the key with this index begins, in a store of this epoch.
     */
    public function start(int $index, int $epoch, Replay $replay): Start
    {
        $position = $this->position($index);

        return match (true) {
            $position === null => $replay->start(),
            $this->isForeign($epoch) => Start::oldest(),
            default => Start::after($position),
        };
    }

    /**
     * Whether it is a bare id that the log never reached, and so not ours.
     */
    public function isBeyond(int $index, EventId $lastId): bool
    {
        return $this->epoch === null && $this->position($index)?->isAfter($lastId) === true;
    }

    /**
     * The gap between another store and this one, which is read on from `to`.
     */
    public function foreign(int $index, int $epoch, EventId $to): ?Gap
    {
        $from = $this->position($index);

        return $from !== null && $this->isForeign($epoch) ? new Gap($from, $to) : null;
    }

    /**
     * Whether it is a cursor of another store, or of this one before it was emptied.
     */
    private function isForeign(int $epoch): bool
    {
        return $this->epoch !== null && $this->epoch !== $epoch;
    }
}
