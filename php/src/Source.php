<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use LogicException;

/**
 * One key of a feed: its follower, and what was read ahead.
 */
final class Source
{
    /** @var list<\Sse\Polyfill\Event|\Sse\Polyfill\Gap> */
    private array $queue = [];
    private int $taken = 0;

    /**
     * @param \Sse\Polyfill\Follower $follower
     * @param \Sse\Polyfill\EventId|null $fresh the newest position when a client without a cursor came, until all of
     *   that is read
     */
    public function __construct(public readonly Follower $follower, public ?EventId $fresh)
    {
    }

    /**
     * Whether a position was there before a client without a cursor came.
     */
    public function had(EventId $position): bool
    {
        return $this->fresh !== null && !$position->isAfter($this->fresh);
    }

    /**
     * What comes next.
     */
    public function first(): Event|Gap|null
    {
        return $this->queue[$this->taken] ?? null;
    }

    /**
     * Takes it.
     */
    public function take(): Event|Gap
    {
        return $this->queue[$this->taken++] ?? throw new LogicException('nothing was read ahead');
    }

    /**
     * Puts more behind it; all before it was taken.
     *
     * @param list<\Sse\Polyfill\Event|\Sse\Polyfill\Gap> $items
     */
    public function add(array $items): void
    {
        [$this->queue, $this->taken] = [$items, 0];
    }
}
