<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * A store in a directory: one text log per key, appended to under `flock`; the append is the signal. Retention writes a
 * new file and renames it in. What a stopped writer or a full disk leaves is mended by the next writer; readers only ever
 * take whole lines.
 */
final class FileStore
{
    /** Logs a process keeps open for writing; beyond it all are closed. */
    private const OPEN_LOGS = 64;

    /** Times a push finds its log replaced before it gives up; each time another push got through. */
    private const ATTEMPTS = 1_000;

    /** Bytes of JSON read at a time. */
    private const READ_BYTES = 256 << 10;

    /**
     * Logs open for writing by their keys, and the process that opened them: a lock held through a descriptor that was
     * inherited by a fork would be held by both.
     *
     * @var array<string, \Sse\Polyfill\Log>
     */
    private array $logs = [];
    private int $process = -1;

    /** Whether a sweep was begun that isn't through: a push goes on with it, though it opens no log. */
    private bool $sweeps = false;

    public function __construct(
        public readonly Directory $directory,
        private StoreSettings $settings,
    ) {
    }

    /**
     * Says what is wrong with the store, if anything is.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function check(): void
    {
        $this->directory->meta();
        $this->directory->check();
    }

    /**
     * Stores an event and answers its id. It is stored whole or not at all.
     *
     * @param \Sse\Polyfill\EventId|null $after only if this is the key's last id; then null if it isn't
     * @throws \Sse\Polyfill\Failure for data that is too large, and what is wrong with the store
     */
    public function append(Key $key, Draft $draft, ?EventId $after = null): ?EventId
    {
        $this->settings->checkSize($draft);
        $process = System::process();
        if ($this->process !== $process || count($this->logs) > self::OPEN_LOGS) {
            [$this->process, $this->logs] = [$process, []];
        }
        $began = hrtime(true);
        $isFresh = false;
        // The prefix keeps keys of digits strings.
        $name = "k$key->bytes";
        for ($attempt = 0; $attempt < self::ATTEMPTS; $attempt++) {
            if (!isset($this->logs[$name])) {
                $isFresh = true;
                $this->logs[$name] = Log::open($this->directory, $key);
            }
            try {
                $stored = $this->logs[$name]->append($draft, $this->settings, $after);
            } catch (Failure $failure) {
                unset($this->logs[$name]);
                throw $failure;
            }
            if ($stored instanceof EventId) {
                if ($isFresh || $this->sweeps) {
                    $this->sweeps = (new Sweep($this->directory, $this->settings))->goOn();
                }

                return $stored;
            }
            if ($stored === NotStored::NotLast) {
                return null;
            }
            unset($this->logs[$name]);
        }
        throw Failure::locked($this->directory->log($key), (int)((hrtime(true) - $began) / 1e6));
    }

    /**
     * Opens a reader of a key. Reading a key nobody pushed to makes its (empty) log, so that there is something to watch.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function reader(Key $key, Start $start): LogReader
    {
        return new LogReader($this->directory, $key, $start);
    }

    /**
     * At most so many events of a key behind a position, or from the oldest kept, and a gap where events are missing; of
     * a negative number, the newest so many. A key nobody pushed to has none, and no log is made for it.
     *
     * @return list<\Sse\Polyfill\Event|\Sse\Polyfill\Gap>
     * @throws \Sse\Polyfill\Failure
     */
    public function read(Key $key, ?EventId $after, int $limit): array
    {
        $this->directory->check();
        $after = $after?->isAfter(EventId::zero()) ? $after : null;
        if (System::status($this->directory->log($key)) === null) {
            return $after === null ? [] : [new Gap($after, $after)];
        }
        if ($limit < 0) {
            return $this->readNewest($key, $after, -$limit);
        }
        $reader = $this->reader($key, $after === null ? Start::oldest() : Start::after($after));

        return self::readOn($reader, $reader->gap === null ? [] : [$reader->gap], $limit);
    }

    /**
     * How often which events of a key failed.
     */
    public function failures(Key $key): Failures
    {
        return new Failures($this->directory, $key);
    }

    /**
     * Takes one of `count` places for streams that hold a worker; null if all are taken. It is free again when it is
     * dropped, or with the end of its process.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function takeSlot(int $count): ?File
    {
        for ($number = 0; $number < $count; $number++) {
            $path = "{$this->directory->path}/slot-$number";
            $file = $this->directory->sharedFile($path);
            try {
                if ($file->lock(LOCK_EX)) {
                    return $file;
                }
            } catch (SystemError $error) {
                throw Refusal::of('lock', $path, $error);
            }
        }

        return null;
    }

    /**
     * The newest so many events, of those behind a position.
     *
     * @return list<\Sse\Polyfill\Event|\Sse\Polyfill\Gap>
     */
    private function readNewest(Key $key, ?EventId $after, int $count): array
    {
        $reader = $this->reader($key, Start::newest($count));
        if ($after !== null) {
            // Where both begin at one place, that there is a gap before it is known to the one that comes from `after`.
            $behind = $this->reader($key, Start::after($after));
            $reader = $reader->position->isAfter($behind->position) ? $reader : $behind;
        }

        return self::readOn($reader, $reader->gap === null ? [] : [$reader->gap], $count);
    }

    /**
     * Reads on until there are so many events, or no more.
     *
     * @param list<\Sse\Polyfill\Event|\Sse\Polyfill\Gap> $items what there is already
     * @return list<\Sse\Polyfill\Event|\Sse\Polyfill\Gap>
     */
    private static function readOn(LogReader $reader, array $items, int $limit): array
    {
        $events = 0;
        while ($events < $limit) {
            $read = $reader->read(self::READ_BYTES);
            if ($read === [] && !$reader->hasMore) {
                break;
            }
            foreach ($read as $item) {
                if ($item instanceof Event && $events++ === $limit) {
                    return $items;
                }
                $items[] = $item;
            }
        }

        return $items;
    }
}
