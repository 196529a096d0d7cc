<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * One key followed: a reader on its log, and what the log looked like when it was last looked at.
 *
 * Always true:
 * - the log is looked at before it is read, so nothing falls between the two;
 * - a log that was replaced is read to its end before its successor is opened behind the same position.
 */
final class Follower
{
    /** There may be something to read. */
    public bool $isStale = true;

    private function __construct(private FileStore $store, private Key $key, private LogReader $reader)
    {
    }

    /**
     * Opens a key's log.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function begin(FileStore $store, Key $key, Start $start): self
    {
        return new self($store, $key, $store->reader($key, $start));
    }

    /**
     * Told if the log can't answer from where it began.
     */
    public function gap(): ?Gap
    {
        return $this->reader->gap;
    }

    /**
     * The newest event's id when it began, or that of the last one that was dropped.
     */
    public function lastId(): EventId
    {
        return $this->reader->lastId;
    }

    /**
     * The store the log belongs to.
     */
    public function epoch(): int
    {
        return $this->reader->epoch;
    }

    /**
     * The last event read, or where reading began.
     */
    public function position(): EventId
    {
        return $this->reader->position;
    }

    /**
     * Looks whether there may be something to read; a line without an end may have got one, whatever its length.
     */
    public function look(): bool
    {
        return $this->isStale = $this->isStale || $this->reader->isBehind(System::status($this->reader->path()));
    }

    /**
     * Reads on, about `maxBytes` of JSON at a time. Nothing, and not stale any more: not until it is looked at again.
     * Nothing, and still stale: there is more to read, and others had better have their turn first.
     *
     * @return list<\Sse\Polyfill\Event|\Sse\Polyfill\Gap>
     * @throws \Sse\Polyfill\Failure what is wrong with the store; it can be asked again
     */
    public function fill(int $maxBytes): array
    {
        if (!$this->isStale) {
            return [];
        }
        $items = $this->reader->read($maxBytes);
        if ($items !== [] || $this->reader->hasMore) {
            return $items;
        }
        if ($this->reader->isCurrent()) {
            $this->isStale = false;

            return [];
        }
        // What was appended between reading and the replacement.
        $items = $this->reader->read($maxBytes);
        if ($items !== [] || $this->reader->hasMore) {
            return $items;
        }
        $this->reader = $this->store->reader($this->key, Start::after($this->reader->position));

        return $this->reader->gap === null ? $this->reader->read($maxBytes) : [$this->reader->gap];
    }
}
