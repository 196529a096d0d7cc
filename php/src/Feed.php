<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Several keys followed as one: what a stream delivers next, and the cursor that covers it.
 *
 * Always true:
 * - events of a key come in order, those of several keys by id as far as they are known;
 * - the cursor of a delivery covers all that was delivered before it and nothing after;
 * - a gap is told before what follows it;
 * - a client without a cursor is told of no gap from before it came: it has missed nothing.
 */
final class Feed
{
    /** Bytes of JSON read ahead for a key. */
    private const READ_AHEAD = 64 << 10;

    private Tags $tags;
    private int $epoch;

    /** @var list<\Sse\Polyfill\Source> */
    private array $sources = [];

    /**
     * Per key, what the client has; what the next cursor is written from.
     *
     * @var array<int, \Sse\Polyfill\EventId>
     */
    private array $positions = [];

    /** What the client had of the key delivered last, before that delivery. */
    private EventId $before;

    /** Whether what was delivered last was there before a client without a cursor came. */
    private bool $isFresh = false;

    /** Gaps that the client's cursor opens with. */
    private ?Opening $opening;

    /**
     * Places a reader on each key: behind the client's cursor if it has one that we wrote (or, with a single key, an
     * event's id that the log still covers), else by `replay`.
     *
     * @param list<\Sse\Polyfill\Key> $keys each once
     * @throws \Sse\Polyfill\Failure what is wrong with the store
     */
    public function __construct(FileStore $store, private array $keys, ?string $client, Replay $replay)
    {
        $this->tags = Tags::of($this->keys);
        $this->before = EventId::zero();
        $this->epoch = $epoch = $store->directory->meta()->epoch;
        $known = Known::read($client, $this->keys);
        $gaps = [];
        foreach ($this->keys as $index => $key) {
            $follower = Follower::begin($store, $key, $known->start($index, $epoch, $replay));
            if ($known->isBeyond($index, $follower->lastId())) {
                $follower = Follower::begin($store, $key, $replay->start());
            }
            $this->epoch = $follower->epoch();
            $gap = $follower->gap() ?? $known->foreign($index, $epoch, $follower->position());
            if ($gap !== null) {
                $gaps[$index] = $gap;
            }
            $this->positions[] = $follower->position();
            $fresh = $known->position($index) === null ? $follower->lastId() : null;
            $this->sources[] = new Source($follower, $fresh);
        }
        $this->opening = Opening::of($gaps, $client);
        if ($this->opening === null) {
            $this->tryToPassOver();
        }
    }

    /**
     * The cursor behind all that these keys have now.
     *
     * @param list<\Sse\Polyfill\Key> $keys
     * @throws \Sse\Polyfill\Failure as when a feed is made
     */
    public static function now(FileStore $store, array $keys): string
    {
        $epoch = $store->directory->meta()->epoch;
        $position = static fn(Key $key): EventId => $store->reader($key, Start::newest(0))->lastId;

        return Tags::of($keys)->write($epoch, array_map($position, $keys));
    }

    /**
     * The keys with these indexes; all of them without any.
     *
     * @param list<int>|null $indexes
     * @return list<\Sse\Polyfill\Key>
     */
    public function keys(?array $indexes = null): array
    {
        return $indexes === null
            ? $this->keys
            : array_map(fn(int $index): Key => $this->keys[$index], $indexes);
    }

    /**
     * The cursor that covers what was delivered so far. Before a gap that the client's own cursor opens with is told,
     * it is that very cursor, so that the gap is told again if this is cut.
     */
    public function cursor(): string
    {
        return $this->opening->text ?? $this->tags->write($this->epoch, $this->positions);
    }

    /**
     * What the client had of the key delivered last, before that delivery: where a gap begins if the delivery turns out
     * not to be had.
     */
    public function before(): EventId
    {
        return $this->before;
    }

    /**
     * Whether what was delivered last was there before its client came, which had no cursor: it has missed nothing if
     * that can't be had.
     */
    public function isFresh(): bool
    {
        return $this->isFresh;
    }

    /**
     * Whether the client came without a cursor and something may be left of what was there before.
     */
    public function replays(): bool
    {
        foreach ($this->sources as $source) {
            if ($source->fresh !== null) {
                return true;
            }
        }

        return false;
    }

    /**
     * Whether the next delivery was read already.
     */
    public function hasReady(): bool
    {
        foreach ($this->sources as $source) {
            if ($source->first() !== null) {
                return true;
            }
        }

        return false;
    }

    /**
     * Looks at the logs; whether there may be something new.
     */
    public function look(): bool
    {
        $isNew = false;
        foreach ($this->sources as $source) {
            $isNew = $source->follower->look() || $isNew;
        }

        return $isNew;
    }

    /**
     * What to send next; null until it is looked again.
     *
     * @throws \Sse\Polyfill\Failure what is wrong with the store; the feed can be asked again
     */
    public function next(): ?Delivery
    {
        if ($this->opening !== null) {
            [$opening, $this->opening] = [$this->opening, null];

            return new Delivery($opening->gap, $opening->keys ?: [0]);
        }
        // What it could not pass over then.
        $this->passOver();
        $index = $this->first();
        if ($index === null) {
            return null;
        }
        $delivery = new Delivery($this->take($index), [$index]);
        // The cursor covers what is passed over behind it.
        [$before, $isFresh] = [$this->before, $this->isFresh];
        $this->tryToPassOver();
        [$this->before, $this->isFresh] = [$before, $isFresh];

        return $delivery;
    }

    /**
     * The index of the key whose next item comes first: gaps before events, those by id.
     */
    private function first(): ?int
    {
        while (true) {
            $first = null;
            $rank = null;
            $isStale = false;
            foreach ($this->sources as $index => $source) {
                $this->fill($source);
                $isStale = $isStale || $source->follower->isStale;
                $item = $source->first();
                if ($item === null) {
                    continue;
                }
                $own = $item instanceof Event ? $item->id : EventId::zero();
                if ($rank === null || $rank->isAfter($own)) {
                    [$first, $rank] = [$index, $own];
                }
            }
            if ($first !== null || !$isStale) {
                return $first;
            }
        }
    }

    /**
     * Takes what comes next of a key; the client has it from now on.
     */
    private function take(int $index): Event|Gap
    {
        $source = $this->sources[$index];
        $item = $source->take();
        $this->isFresh = $source->had($item->end());
        $this->before = $this->positions[$index];
        $this->positions[$index] = $item->end();

        return $item;
    }

    /**
     * Passes over gaps from before a client without a cursor came.
     */
    private function passOver(): void
    {
        while ($this->replays()) {
            $index = $this->first();
            $item = $index === null ? null : $this->sources[$index]->first();
            if ($index === null || !$item instanceof Gap || !$this->sources[$index]->had($item->to)) {
                return;
            }
            $this->take($index);
        }
    }

    /**
     * The same; a failure shows again when it is asked for more.
     */
    private function tryToPassOver(): void
    {
        try {
            $this->passOver();
        } catch (Failure) {
            return;
        }
    }

    /**
     * Reads ahead for a key that may have something new.
     */
    private function fill(Source $source): void
    {
        if ($source->first() !== null) {
            return;
        }
        $before = $source->follower->epoch();
        $source->add($source->follower->fill(self::READ_AHEAD));
        if ($source->first() === null && !$source->follower->isStale) {
            $source->fresh = null;
        }
        // Only what this key has just found out: another one may not know of it yet.
        if ($source->follower->epoch() !== $before) {
            $this->epoch = $source->follower->epoch();
        }
    }
}
