<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * One key's log, open for reading.
 *
 * Always true:
 * - the offset stands behind a whole line, so a torn one is read again once it is mended;
 * - a file that was replaced is read to its end before its successor is opened;
 * - events before the position are never yielded, and none after it is passed over silently.
 */
final class LogReader
{
    /** Bytes of a log that one call works through, so that nothing else waits for long. */
    private const WORK = 4 << 20;

    /** Told if the log can't answer from where reading should begin. */
    public ?Gap $gap = null;

    /** The newest event's id when it was opened, or that of the last one that was dropped. */
    public readonly EventId $lastId;

    /** The store that is read. */
    public readonly int $epoch;

    /** The last event yielded, or where reading began. */
    public EventId $position;

    /**
     * Whether the last read ended because it had worked through as much as one may: there is more, even if nothing came.
     */
    public bool $hasMore = false;

    private Log $log;
    private Lines $lines;

    /** Where damaged lines begin whose end isn't found yet; all up to where `lines` stands is damage. */
    private ?int $damaged = null;

    /**
     * Opens a key's log (making an empty one if there is none) and goes to `start`.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function __construct(private Directory $directory, Key $key, Start $start)
    {
        $this->log = Log::open($directory, $key);
        $header = $this->log->header;
        try {
            $index = Index::of($this->log->file, $this->log->body, $start);
        } catch (SystemError $error) {
            throw Refusal::of('read', $this->log->path, $error);
        }
        $this->epoch = $header->epoch;
        $this->lastId = $index->last?->id->max($header->lastId) ?? $header->lastId;
        $this->lines = new Lines($this->place($index, $header, $start));
    }

    /**
     * The log's path.
     */
    public function path(): string
    {
        return $this->log->path;
    }

    /**
     * Whether a path's status says that there may be something behind what was read.
     */
    public function isBehind(?Status $status): bool
    {
        return $status === null || $status->identity !== $this->log->identity || $status->size !== $this->lines->offset;
    }

    /**
     * Whether the path still names the file that is read.
     */
    public function isCurrent(): bool
    {
        $status = System::status($this->log->path);

        return $status !== null && $status->identity === $this->log->identity && $status->size >= $this->lines->offset;
    }

    /**
     * Reads on until `maxBytes` of JSON are reached, one item at least if there is one. Whole lines only. What was read
     * before a failure is answered first.
     *
     * @return list<\Sse\Polyfill\Event|\Sse\Polyfill\Gap>
     * @phpstan-impure
     * @throws \Sse\Polyfill\Failure if a line can't be read and a writer is stuck; reading can be tried again
     */
    public function read(int $maxBytes): array
    {
        $items = [];
        $bytes = 0;
        $budget = self::WORK;
        $this->hasMore = false;
        $this->lines->lookAgain();
        while ($bytes < $maxBytes) {
            try {
                $item = $this->next($budget);
            } catch (SystemError | Failure $error) {
                if ($items !== []) {
                    break;
                }
                throw $error instanceof Failure ? $error : Refusal::of('read', $this->log->path, $error);
            }
            if ($item === null) {
                break;
            }
            $bytes += 1 + ($item instanceof Event ? strlen($item->draft->json) : 0);
            $this->position = $item->end();
            $items[] = $item;
        }

        return $items;
    }

    /**
     * Sets the position, and the gap if there is one; answers the offset.
     */
    private function place(Index $index, Header $header, Start $start): int
    {
        $body = $this->log->body;
        $from = $start->after;
        if ($from === null) {
            if ($start->newest === null) {
                $this->position = $header->trimmedThrough;

                return $body;
            }
            if ($start->newest === 0) {
                $this->position = $this->lastId;

                return $index->end;
            }
            $this->position = $index->before->id ?? $header->trimmedThrough;

            return $index->first->offset ?? $body;
        }
        if ($from->isAfter($this->lastId) && ($index->last->behind ?? $body) < $index->end) {
            // The event it names may be one that is damaged now: no reason to begin anew.
            $this->gap = new Gap($from, $this->lastId);
            $this->position = $this->lastId;

            return $index->end;
        }
        if ($header->trimmedThrough->isAfter($from) || $from->isAfter($this->lastId)) {
            $this->gap = new Gap($from, $header->trimmedThrough);
            $this->position = $header->trimmedThrough;

            return $body;
        }
        $this->position = $from;
        if ($index->first !== null && !$index->first->id->before()->isAfter($from)) {
            // Nothing is missing between the two; what is damaged there was told.
            return $index->first->offset;
        }

        return $index->before->behind ?? $body;
    }

    /**
     * What comes next; null if nothing does, or (`hasMore`) not before others had their turn.
     */
    private function next(int &$budget): Event|Gap|null
    {
        if ($this->damaged !== null) {
            $gap = $this->damage($this->damaged, $budget);
            if ($gap !== null || $this->damaged !== null) {
                return $gap;
            }
        }
        while (true) {
            $step = $this->lines->step($this->log->file, $budget);
            if ($step === Lines::LINE) {
                $began = $this->lines->at;
                $line = Format::readLine($this->lines->line);
                if ($line !== null && !$line->id->isAfter($this->position)) {
                    continue;
                }
                if ($line !== null) {
                    // Whole, but not what we write: the event is lost to us.
                    return $line->event() ?? new Gap($this->position, $line->id);
                }
            } elseif ($this->lines->tooLong === null) {
                $this->hasMore = $step === Lines::MORE;

                return null;
            } else {
                $began = $this->lines->tooLong;
            }
            $this->lines->backTo($began);
            $gap = $this->damage($began, $budget);
            if ($gap !== null || $this->damaged !== null) {
                return $gap;
            }
        }
    }

    /**
     * Lines that can't be read. With the writers kept away they are read again: only what is still damaged then is told,
     * as one gap over all damaged lines that follow each other. It reaches up to the event that follows; at the end of
     * the log its extent isn't known, so until another event is stored it is told to everybody who begins to read there.
     * Damage without an end of its last line is told when there is one.
     *
     * @phpstan-impure
     */
    private function damage(int $began, int &$budget): ?Gap
    {
        $work = function () use ($began, &$budget): ?Gap {
            while (true) {
                $step = $this->lines->step($this->log->file, $budget);
                if ($step === Lines::LINE) {
                    $line = Format::readLine($this->lines->line);
                    if ($line === null) {
                        continue;
                    }
                    [$end, $to] = [$this->lines->at, $line->id->before()->max($this->position)];
                } elseif ($step === Lines::MORE || $this->lines->tooLong !== null) {
                    $this->damaged = $began;
                    $this->hasMore = $step === Lines::MORE;

                    return null;
                } else {
                    [$end, $to] = [$this->lines->offset, $this->position];
                }
                $this->damaged = null;
                $this->lines->backTo($end);

                return $end > $began ? new Gap($this->position, $to) : null;
            }
        };

        return Lock::held($this->log->file, $this->log->path, $this->directory->patience, $work, LOCK_SH);
    }
}
