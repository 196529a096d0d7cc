<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Closure;

/**
 * One key's log, open for writing.
 *
 * Always true:
 * - whoever writes holds the lock of the very file that the path names;
 * - an append is one line in one write; if it fails, the file is as before;
 * - the log only grows; what shortens or mends it is a new file, renamed in.
 */
final class Log
{
    /** A time so many milliseconds in the future is of a clock that was ahead. */
    public const AHEAD = 60_000;

    private const PIECE = 256 << 10;

    /** Bytes beyond which a log isn't read for the first push of a process, which on the web is each: its end will do. */
    private const LONG = 64 << 10;

    /** A log whose end alone is known is read when it has grown by this part: one push of many pays for retention. */
    private const PARTS = 64;

    private ?LogEnd $end = null;

    /**
     * @param \Sse\Polyfill\Directory $directory where it is
     * @param string $path its path
     * @param \Sse\Polyfill\File $file the file
     * @param string $identity which file it is
     * @param \Sse\Polyfill\Header $header its first line
     * @param int $body offset of the first event
     */
    private function __construct(
        private Directory $directory,
        public readonly string $path,
        public readonly File $file,
        public readonly string $identity,
        public readonly Header $header,
        public readonly int $body,
    ) {
    }

    /**
     * Opens a key's log; a missing one is made, a damaged header is mended.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function open(Directory $directory, Key $key): self
    {
        $path = $directory->log($key);
        while (true) {
            try {
                $file = File::open($path);
            } catch (SystemError $error) {
                if ($error->reason !== Reason::Missing) {
                    throw Refusal::of('open', $path, $error);
                }
                self::create($directory, $path, $key);
                continue;
            }
            $meta = $directory->meta();
            try {
                $bytes = $file->readAt(0, Format::MAX_HEADER);
                $identity = $file->status()->identity;
            } catch (SystemError $error) {
                throw Refusal::of('read', $path, $error);
            }
            [$header, $body] = Format::readHeader($bytes);
            if (is_int($header)) {
                throw Failure::newerFormat($path, $header, Format::FORMAT);
            }
            if ($header !== null && $header->key->bytes !== $key->bytes) {
                throw Failure::store(sprintf(
                    '%s belongs to the key %s, not to %s; two keys share a file name, please report this',
                    $path,
                    $header->key->shown(),
                    $key->shown(),
                ));
            }
            $log = new self($directory, $path, $file, $identity, $header ?? self::unknown($meta, $key), $body);
            if ($header?->epoch === $meta->epoch) {
                return $log;
            }
            $log->mend(static function (?EventId $first) use ($header, $meta, $key): Header {
                if ($header !== null) {
                    return new Header($meta->epoch, $header->trimmedThrough, $header->lastId, $key);
                }
                // Nothing is known of what was dropped: who asks from before the first event is told of a gap.
                $trimmedThrough = $first?->before() ?? self::born($meta);

                return new Header($meta->epoch, $trimmedThrough, $trimmedThrough, $key);
            });
        }
    }

    /**
     * Stores one event; or says why not.
     *
     * @param \Sse\Polyfill\EventId|null $after only if this is the key's last id; `0-0`: only if it has no event
     * @throws \Sse\Polyfill\Failure
     */
    public function append(Draft $draft, StoreSettings $settings, ?EventId $after): EventId|NotStored
    {
        return $this->held(function () use ($draft, $settings, $after): EventId|NotStored {
            $size = $this->sizeIfCurrent();
            // Shorter than it was: somebody cut it by hand, perhaps into the header.
            if ($size === null || $this->end !== null && $this->end->offset > $size) {
                return NotStored::Replaced;
            }
            $end = $this->end ?? $this->tell('read', fn(): LogEnd => $this->endOfLong($size) ?? $this->beginning());
            $this->end = null;
            if ($end->offset < $size) {
                $this->tell('read', fn() => $this->findEnd($end, $size));
            }
            if ($after !== null && !self::isLast($end, $after)) {
                $this->end = $end;

                return NotStored::NotLast;
            }
            $now = EventId::nowMillis();
            $id = $end->lastId->next($now);
            $line = Format::writeLine($id, $now, $draft);
            $this->tell('append to', fn() => $this->writeAtEnd($end->offset, $line, $settings->sync));
            $end->offset += strlen($line);
            $end->add($id, $now);
            $this->end = $end;
            try {
                if (!$end->isWhole && $this->isToBeRead($end->offset, strlen($line))) {
                    $size = $end->offset;
                    $end = $this->beginning();
                    $this->tell('read', fn() => $this->findEnd($end, $size));
                    $this->end = $end;
                }
                if ($end->isWhole && $end->isOver($this->body, $settings->retention, $now)) {
                    $this->shorten($end->lastId, $settings, $now);
                }
            } catch (Failure) {
                // The event is stored. A log that can't be shortened now will be by a later push.
            }

            return $id;
        });
    }

    /**
     * Drops what retention no longer keeps; every event, if nobody wrote since `forgetBefore` (milliseconds since 1970).
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function trim(StoreSettings $settings, int $forgetBefore): void
    {
        $this->held(function () use ($settings, $forgetBefore): void {
            $size = $this->sizeIfCurrent();
            if ($size === null) {
                return;
            }
            $forget = $this->modifiedMillis() < $forgetBefore;
            $end = $this->beginning();
            $this->tell('read', fn() => $this->findEnd($end, $size));
            $now = EventId::nowMillis();
            if ($forget && $end->events + $end->damaged > 0) {
                $this->replaceBy($this->headerOf($end->lastId, $end->lastId));
            } elseif ($end->oldestMillis !== null && $end->oldestMillis > $now + self::AHEAD) {
                $this->settle($end->lastId, $now);
            } elseif ($end->isOver($this->body, $settings->retention, $now)) {
                $this->shorten($end->lastId, $settings, $now);
            }
        });
    }

    /**
     * Whether it holds a header and nothing else.
     */
    public function isTombstone(): bool
    {
        return $this->sizeIfCurrent() === $this->body;
    }

    /**
     * Removes the log if it has no events and nobody wrote since `forgetBefore`. The caller holds the directory's lock.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function remove(int $forgetBefore): void
    {
        $this->held(function () use ($forgetBefore): void {
            if ($this->isTombstone() && $this->modifiedMillis() < $forgetBefore) {
                $this->directory->raiseFloor($this->header->lastId);
                $this->tell('remove', fn() => System::call(fn(): bool => unlink($this->path)));
            }
        });
    }

    /**
     * When it was last written to.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function modifiedMillis(): int
    {
        return $this->tell('look at', fn(): int => $this->file->status()->modifiedMillis);
    }

    /**
     * Whether the key's last id is this one, or, for the place before every event, whether it has none.
     */
    private static function isLast(LogEnd $end, EventId $after): bool
    {
        return $after->compare(EventId::zero()) === 0
            ? $end->events === 0
            : $end->lastId->compare($after) === 0;
    }

    /**
     * The size of the file, if the path still names it.
     */
    private function sizeIfCurrent(): ?int
    {
        $status = System::status($this->path);

        return $status !== null && $status->identity === $this->identity ? $status->size : null;
    }

    /**
     * What is known before the first line is read.
     */
    private function beginning(): LogEnd
    {
        return new LogEnd($this->body, $this->header->lastId);
    }

    /**
     * The end of a long log by its last line; null if it isn't long, or has an end that is to be mended.
     */
    private function endOfLong(int $size): ?LogEnd
    {
        if ($size - $this->body <= self::LONG) {
            return null;
        }
        $index = Index::of($this->file, $this->body, Start::newest(1));

        return $index->last?->behind === $size
            ? new LogEnd($size, $this->header->lastId->max($index->last->id), events: 1, isWhole: false)
            : null;
    }

    /**
     * Whether a log whose end alone is known is to be read: its last line, of so many bytes, began another of its parts.
     */
    private function isToBeRead(int $offset, int $bytes): bool
    {
        // Of a size that stays the same while the log grows to twice as much.
        $part = 1 << (int)log(intdiv($offset, self::PARTS), 2);

        return intdiv($offset, $part) !== intdiv($offset - $bytes, $part);
    }

    /**
     * Reads on from what is known to the end, and mends the end that a stopped writer left.
     */
    private function findEnd(LogEnd $end, int $size): void
    {
        $lines = new Lines($end->offset);
        $endsDamaged = false;
        while (true) {
            for ($text = $lines->next($this->file); $text !== null; $text = $lines->next($this->file)) {
                $line = Format::readLine($text);
                $endsDamaged = $line === null;
                $line === null ? $end->damaged++ : $end->add($line->id, $line->storedMillis());
            }
            $end->offset = $lines->offset;
            if ($lines->tooLong === null && $end->offset >= $size) {
                break;
            }
            // No longer than a line may be.
            $tail = $lines->tooLong !== null
                ? Tail::Damaged
                : Format::readTail($this->file->readAt($end->offset, $size - $end->offset));
            if ($tail === Tail::Torn) {
                $this->file->truncate($end->offset);
                break;
            }
            $this->file->writeAt($size, "\n");
            $size++;
            $lines->lookAgain();
        }
        if ($endsDamaged) {
            // The last id isn't known: ids go on above all that were given by now.
            $end->lastId = $end->lastId->max(new EventId(EventId::nowMillis() + EventId::NEARLY, 0));
        }
    }

    private function writeAtEnd(int $offset, string $line, bool $sync): void
    {
        try {
            $this->file->writeAt($offset, $line);
        } catch (SystemError $error) {
            try {
                $this->file->truncate($offset);
            } catch (SystemError) {
                // The next writer finds a torn line and removes it.
            }
            throw $error;
        }
        // A whole line may have been read already: it stays, even if nobody knows what the disk has.
        if ($sync) {
            $this->file->sync();
        }
    }

    /**
     * Replaces the log by one with the newest events that retention keeps.
     */
    private function shorten(EventId $lastId, StoreSettings $settings, int $now): void
    {
        $kept = $this->tell('read', fn(): ?array => $this->keepFrom($settings->retention, $now));
        if ($kept !== null) {
            [$offset, $through] = $kept;
            $header = $this->headerOf($through->max($this->header->trimmedThrough), $lastId);
            $this->replaceBy($header, $offset, $settings->sync);
        }
    }

    /**
     * Where the events begin that are kept, and the last place before them; null if nothing is to be dropped. Damaged
     * lines right before them go too: whoever wasn't told of them is told of the events that went. Those between them
     * are kept, so that they are still told.
     *
     * @return array{int, \Sse\Polyfill\EventId}|null
     */
    private function keepFrom(Retention $retention, int $now): ?array
    {
        // Of each event: its place, where it and where the next line begins, whether it is too old.
        $events = [];
        $oldest = $retention->oldestMillis($now);
        $lines = new Lines($this->body);
        for ($text = $lines->next($this->file); $text !== null; $text = $lines->next($this->file)) {
            $line = Format::readLine($text);
            if ($line !== null) {
                $events[] = [$line->id, $lines->at, $lines->offset, $line->storedMillis() < $oldest];
            }
        }
        $count = count($events);
        $kept = 0;
        foreach ($events as $index => [, $at, , $isOld]) {
            if ($isOld) {
                // What was stored before is older, whatever time it has; the newest event stays all the same.
                $kept = min($index + 1, $count - 1);
            } elseif (
                $count - $index > $retention->events
                || $lines->offset - $at > $retention->bytes
            ) {
                $kept = min(max($kept, $index + 1), $count - 1);
            }
        }
        if ($count === 0 || $events[$kept][1] === $this->body) {
            return null;
        }
        [$id, $offset] = $events[$kept];
        $before = $events[$kept - 1] ?? null;

        return [$offset, $before !== null && $before[2] === $offset ? $before[0] : $id->before()];
    }

    /**
     * Replaces the log by one whose events were stored now at the latest: they are of a clock that was ahead, by which
     * they would stay for too long. Nobody knows better when it was.
     */
    private function settle(EventId $lastId, int $now): void
    {
        $header = $this->headerOf($this->header->trimmedThrough, $lastId);
        $this->directory->replace($this->path, function (File $new) use ($header, $now): void {
            $at = 0;
            $write = static function (string $bytes) use ($new, &$at): void {
                $new->writeAt($at, $bytes);
                $at += strlen($bytes);
            };
            $write(Format::writeHeader($header));
            $lines = new Lines($this->body);
            for ($text = $lines->next($this->file); $text !== null; $text = $lines->next($this->file)) {
                $event = Format::readLine($text)?->event();
                $write($event !== null && $event->storedMillis > $now
                    ? Format::writeLine($event->id, $now, $event->draft)
                    : "$text\n");
            }
        });
    }

    /**
     * Replaces the header, keeps every line from the first event on.
     *
     * @param \Closure(\Sse\Polyfill\EventId|null): \Sse\Polyfill\Header $header is given that one's id
     */
    private function mend(Closure $header): void
    {
        $this->held(function () use ($header): void {
            if ($this->sizeIfCurrent() === null) {
                return;
            }
            $this->tell('read', function () use ($header): void {
                $lines = new Lines($this->body);
                for ($text = $lines->next($this->file); $text !== null; $text = $lines->next($this->file)) {
                    $line = Format::readLine($text);
                    if ($line !== null) {
                        $this->replaceBy($header($line->id), $lines->at, true);

                        return;
                    }
                }
                $this->replaceBy($header(null), $lines->offset, true);
            });
        });
    }

    /**
     * Replaces the log by one with this header and all lines from an offset on; none without one.
     */
    private function replaceBy(Header $header, ?int $from = null, bool $sync = false): void
    {
        $this->directory->replace($this->path, function (File $new) use ($header, $from): void {
            $bytes = Format::writeHeader($header);
            $at = 0;
            while ($bytes !== '') {
                $new->writeAt($at, $bytes);
                $at += strlen($bytes);
                $bytes = $from === null ? '' : $this->file->readAt($from, self::PIECE);
                $from += strlen($bytes);
            }
        }, $sync);
    }

    private function headerOf(EventId $trimmedThrough, EventId $lastId): Header
    {
        return new Header($this->header->epoch, $trimmedThrough, $lastId, $this->header->key);
    }

    /**
     * Runs an action while this log is locked for writing.
     *
     * @template T
     * @param \Closure(): T $action
     * @return T
     */
    private function held(Closure $action): mixed
    {
        return Lock::held($this->file, $this->path, $this->directory->patience, $action);
    }

    /**
     * Runs an action on the file; what the system refuses is told.
     *
     * @template T
     * @param \Closure(): T $action
     * @return T
     */
    private function tell(string $what, Closure $action): mixed
    {
        try {
            return $action();
        } catch (SystemError $error) {
            throw Refusal::of($what, $this->path, $error);
        }
    }

    private static function create(Directory $directory, string $path, Key $key): void
    {
        $directory->locked(static function () use ($directory, $path, $key): void {
            if (System::linkStatus($path) === null) {
                $header = self::unknown($directory->metaWhileLocked(), $key);
                $directory->replace($path, Format::writeHeader($header));
            }
        });
    }

    /**
     * The header of a log of which nothing is known.
     */
    private static function unknown(Meta $meta, Key $key): Header
    {
        return new Header($meta->epoch, self::born($meta), self::born($meta), $key);
    }

    /**
     * Where the ids of a log begin of which nothing is known: above the clock and above all that was removed here, so
     * that a cursor into an earlier log of the key is known to be too old. The millisecond on top is for events that
     * were pushed in this one.
     */
    private static function born(Meta $meta): EventId
    {
        return $meta->floor->next(EventId::nowMillis() + 1);
    }
}
