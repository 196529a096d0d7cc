<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Once a day, pushes look after the logs nobody pushes to.
 *
 * A log's old events are dropped; one that nobody pushed to for 30 days keeps its header alone, a tombstone that still
 * knows the last id and what was trimmed; a tombstone of 30 days is removed, and the store's floor covers it. Leftovers
 * of stopped writers go after an hour.
 *
 *     swept    empty: written when a sweep ended. Else what the one that is under way has come to: "<offset>\n" for the
 *              extension's, "<name>\n" for ours. Each begins the other's anew: PHP code can't go to an offset; but one
 *              of the extension's that goes on is left to it.
 *
 * Always true: no push gives it more than a moment; the next one, of whatever process, goes on.
 */
final class Sweep
{
    private const HOUR = 3_600_000;
    private const DAY = 24 * self::HOUR;

    /** Idle time after which a log becomes a tombstone, and a tombstone is removed. */
    private const FORGET_AFTER = 30 * self::DAY;

    /** What a push gives to it, in nanoseconds. */
    private const MOMENT = 3_000_000;

    public function __construct(private Directory $directory, private StoreSettings $settings)
    {
    }

    /**
     * Goes on with a sweep, or begins one if nobody did since yesterday; true if it isn't through. What can't be tended
     * today is left for tomorrow.
     */
    public function goOn(int $moment = self::MOMENT): bool
    {
        if (!function_exists('scandir')) {
            return false;
        }
        $path = "{$this->directory->path}/swept";
        $known = System::status($path);
        if ($known !== null && !$this->isDue($known)) {
            return false;
        }
        try {
            $stamp = $this->directory->sharedFile($path);
            if (!$stamp->lock(LOCK_EX)) {
                return false;
            }
            try {
                if ($known !== null && !$this->isDue($stamp->status())) {
                    return false;
                }

                return $this->walk($stamp, $moment);
            } finally {
                $stamp->unlock();
            }
        } catch (Failure | SystemError) {
            return false;
        }
    }

    private function isDue(Status $stamp): bool
    {
        // A time of the future is of a clock that was wrong.
        return $stamp->size > 0 || abs(EventId::nowMillis() - $stamp->modifiedMillis) >= self::DAY;
    }

    /**
     * Looks after the files for a moment; true if it isn't through.
     */
    private function walk(File $stamp, int $moment): bool
    {
        $now = EventId::nowMillis();
        $reached = rtrim($stamp->readAt(0, 1_024));
        $isTheirs = preg_match('/\A\d+\z/', $reached) === 1;
        if ($isTheirs && $now - $stamp->status()->modifiedMillis < self::HOUR) {
            return false;
        }
        $until = hrtime(true) + $moment;
        foreach (System::call(fn(): array|false => scandir($this->directory->path)) as $name) {
            if (strcmp($name, $reached) <= 0 && !$isTheirs) {
                continue;
            }
            $this->lookAfter("{$this->directory->path}/$name", $now);
            if (hrtime(true) >= $until) {
                $stamp->truncate(0);
                $stamp->writeAt(0, "$name\n");

                return true;
            }
        }
        // Written to, so that it has today's date, and empty.
        $stamp->writeAt(0, "\n");
        $stamp->truncate(0);

        return false;
    }

    private function lookAfter(string $path, int $now): void
    {
        $extension = pathinfo($path, PATHINFO_EXTENSION);
        if (!in_array($extension, ['new', 'failed', 'log'], true)) {
            return;
        }
        $modified = System::linkStatus($path)?->modifiedMillis;
        if ($modified === null) {
            return;
        }
        $idle = $now - $modified;
        if ($extension === 'log') {
            try {
                $this->tend($path, $modified, $now);
            } catch (Failure | SystemError) {
                return;
            }
        } elseif ($idle > ($extension === 'new' ? self::HOUR : self::FORGET_AFTER)) {
            System::attempt('unlink', $path);
        }
    }

    private function tend(string $path, int $modified, int $now): void
    {
        [$header] = Format::readHeader(File::open($path)->readAt(0, Format::MAX_HEADER));
        if (!$header instanceof Header) {
            return;
        }
        $log = Log::open($this->directory, $header->key);
        $forgetBefore = $now - self::FORGET_AFTER;
        if (!$log->isTombstone()) {
            $log->trim($this->settings, $forgetBefore);
        } elseif ($modified > $now + Log::AHEAD) {
            // By a clock that was ahead; from now on it counts.
            System::attempt('touch', $path);
        } elseif ($modified < $forgetBefore) {
            $this->directory->locked(static fn() => $log->remove($forgetBefore));
        }
    }
}
