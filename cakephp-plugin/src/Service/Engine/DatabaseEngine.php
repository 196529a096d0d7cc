<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Cake\Core\Exception\CakeException;
use Cake\Log\Log;
use Closure;
use Generator;
use PDOException;
use Sse\Service\Signal\SignalStrategyInterface;
use Sse\Service\Store;
use Sse\StoreException;
use Throwable;
use function Sse\recalling;

/**
 * Payloads in a table; the store has a reference to each, which is its position.
 *
 * A push inserts a row. Whoever finds committed rows that the store doesn't have puts references to them there: the
 * push itself, or what runs after its commit, else each stream when it looks, every `poll` seconds. So it doesn't
 * matter when a transaction ends, who dies in between, or on which machine the push was made.
 *
 * Always true:
 * - references of a key are stored in the order of their positions, each once in a store;
 * - nothing gets its place, and nobody hears of anything, inside a transaction of the application.
 *
 * @internal
 * @phpstan-import-type Found from \Sse\Service\EventServiceInterface
 */
final class DatabaseEngine extends ReferenceEngine
{
    /**
     * So many seconds a stream waits for a database that can't be asked, before it tells its client of a gap.
     */
    private const PATIENCE = 30.0;

    /**
     * Of so many pushes one deletes some old rows.
     */
    private const PUSHES_PER_TRIM = 100;

    /**
     * @param \Sse\Service\Signal\SignalStrategyInterface|null $signal The application's own; each push touches it.
     */
    public function __construct(private readonly PayloadRows $rows, private readonly ?SignalStrategyInterface $signal)
    {
    }

    public function sharesTransaction(): bool
    {
        try {
            return $this->rows->areInTransaction();
        } catch (PDOException | CakeException) {
            // The push will say why.
            return false;
        }
    }

    public function push(string $key, mixed $payload): bool
    {
        $json = Store::instance()->encode($payload);
        // A key that can't be used, or a store that fails, is told before anything is kept.
        Store::instance()->cursor($key);
        try {
            $row = $this->asked(fn(): string => $this->rows->insert($key, $json));
        } catch (StoreException $exception) {
            $this->log($key, 'a push was not kept', $exception);

            return false;
        }
        try {
            $this->asked(fn() => $this->rows->areInTransaction()
                ? $this->announceAfterCommit($key, $row)
                : $this->announce($key, $row));
        } catch (StoreException $exception) {
            $this->log($key, 'a push is kept, and streams will find it when they can', $exception);

            return $this->passes($exception);
        }

        return true;
    }

    /**
     * Inside a transaction it finds what is in the store already.
     */
    public function check(string $key, int|string $lastKnown): ?array
    {
        $this->tell($key);

        return $this->seen(array_filter([parent::check($key, $lastKnown)]))[0] ?? null;
    }

    public function read(string $key, ?string $after, int $limit): array
    {
        $this->tell($key);

        return $this->seen(parent::read($key, $after, $limit));
    }

    /**
     * A client that comes back gets its stream also where the database can't be asked for a while: an error page would
     * end its EventSource.
     */
    public function streamOptions(array $keys, array $options): array
    {
        // In a recall `collect` has done that, or will.
        foreach (recalling() ? [] : $keys as $key) {
            try {
                // What is older than the stream is for `replay`.
                $this->tell($key);
            } catch (StoreException $exception) {
                $isOfDatabase = $exception->getPrevious() !== null;
                $isNew = ($options['lastEventId'] ?? '') === '';
                if ($isOfDatabase && ($isNew || !$this->passes($exception))) {
                    throw $exception;
                }
                $without = $isOfDatabase ? 'the database' : 'new rows';
                $this->log($key, "a stream begins without $without", $exception);
            }
        }
        $options = parent::streamOptions($keys, $options);
        $options['collect'] = self::looking($this->look(...), $options['collect'] ?? null);

        return $options;
    }

    protected function find(string $key, array $reference): ?Fetched
    {
        // A change of the last value comes from a signal that was touched by hand.
        $json = $this->asked(fn(): ?string => isset($reference['value'])
            ? $this->rows->newest($key)
            : $this->rows->find($key, (int)($reference['reference'] ?? 0)));

        return $json === null ? null : Fetched::ofJson($json);
    }

    protected function fetch(string $key, array $reference): ?Fetched
    {
        $until = microtime(true) + self::PATIENCE;
        $pause = 50_000;
        while (true) {
            try {
                return $this->find($key, $reference);
            } catch (StoreException $exception) {
                // It restarts, maybe. The event is not lost as long as nothing is said of it.
                if (microtime(true) > $until || connection_aborted()) {
                    throw $exception;
                }
                usleep($pause);
                $pause = min(2 * $pause, 1_000_000);
            }
        }
    }

    /**
     * Tells the streams of a push that was committed.
     */
    private function announce(string $key, string $row): void
    {
        $this->tell($key, $row);
        $this->signal?->touch($key);
        if (random_int(1, self::PUSHES_PER_TRIM) === 1) {
            try {
                $this->asked(fn() => $this->rows->trim($key));
            } catch (StoreException $exception) {
                $this->log($key, 'old rows are not deleted, until somebody looks for them again', $exception);
            }
        }
    }

    private function announceAfterCommit(string $key, string $row): void
    {
        $connection = $this->rows->connection();
        if (!method_exists($connection, 'afterCommit')) {
            return;
        }
        $connection->afterCommit(function () use ($key, $row): void {
            try {
                if (!$this->rows->areInTransaction()) {
                    $this->announce($key, $row);
                }
            } catch (Throwable $exception) {
                // What was committed stays so; the caller of commit() is not the one to mend this.
                $this->log($key, 'streams will find a push within "poll" seconds', $exception);
            }
        });
    }

    /**
     * Stores references to the rows that the store doesn't have. Inside a transaction it does nothing: rows that are
     * seen there may never be committed, and what would place them may block others, or fail on an older snapshot.
     *
     * @param string|null $row The id of the row that has to be told; what is newer, others tell. null for all.
     */
    private function tell(string $key, ?string $row = null): void
    {
        $this->asked(function () use ($key, $row): void {
            if (!$this->rows->areInTransaction()) {
                (new ReferenceLog($key))->extend(fn(?string $told): Generator => $this->missing($key, $told, $row));
            }
        });
    }

    /**
     * Where rows between are gone, a reference to nothing stands for them: it is told as a gap.
     *
     * @return \Generator<string> the references behind one
     */
    private function missing(string $key, ?string $told, ?string $row): Generator
    {
        $isMissing = $row === null
            ? $this->rows->hasAfter($key, (int)$told)
            : ($this->rows->position($row) ?? PHP_INT_MAX) > (int)$told;
        if (!$isMissing) {
            return;
        }
        $this->rows->place($key, (int)$told, $row);
        foreach ($this->rows->after($key, (int)$told) as $position => $follows) {
            if ($told !== null && $follows !== (int)$told) {
                yield (string)$follows;
            }
            yield $told = (string)$position;
        }
    }

    private function look(string $key): void
    {
        try {
            $this->tell($key);
        } catch (StoreException $exception) {
            $what = $exception->getPrevious() === null
                ? 'a stream could not store what is new, and will try again'
                : 'a stream could not ask the database, and will again';
            $this->log($key, $what, $exception);
        }
    }

    /**
     * What is found without what the transaction's older snapshot doesn't have yet: that is no gap, but for the next
     * look.
     *
     * @param list<Found> $found
     * @return list<Found>
     */
    private function seen(array $found): array
    {
        $isUnseen = fn(array $event): bool => isset($event['gap']) && $event['data'] === null;
        while ($found !== [] && $isUnseen(end($found)) && $this->sharesTransaction()) {
            array_pop($found);
        }

        return $found;
    }

    /**
     * What the database answers.
     *
     * @throws \Sse\StoreException with what happened and how to mend it, and the cause
     */
    private function asked(Closure $ask): mixed
    {
        try {
            return $ask();
        } catch (PDOException | CakeException $exception) {
            throw new StoreException($this->rows->problem($exception), 0, $exception);
        }
    }

    /**
     * Whether waiting mends it.
     */
    private function passes(StoreException $exception): bool
    {
        return $exception->getPrevious() === null || !$this->rows->isMisconfigured($exception->getPrevious());
    }

    private function log(string $key, string $what, Throwable $exception): void
    {
        Log::error(sprintf('SSE key %s: %s: %s', Store::quoted($key), $what, $exception->getMessage()));
    }
}
