<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Cake\Core\Exception\CakeException;
use Cake\Log\Log;
use Closure;
use Generator;
use PDOException;
use Sse\Service\Signal\FileSignalStrategy;
use Sse\Service\Signal\SignalStrategyInterface;
use Sse\Service\Store;
use Sse\StoreException;
use Throwable;

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
     * @param \Sse\Service\Signal\SignalStrategyInterface $signal Is touched by each push, unless it is the store's own.
     */
    public function __construct(private readonly PayloadRows $rows, private readonly SignalStrategyInterface $signal)
    {
    }

    /**
     * @inheritDoc
     */
    public function sharesTransaction(): bool
    {
        try {
            return $this->rows->areInTransaction();
        } catch (PDOException | CakeException) {
            // The push will say why.
            return false;
        }
    }

    /**
     * @inheritDoc
     */
    public function push(string $key, mixed $payload): bool
    {
        $json = Store::instance()->encode($payload);
        // A key that can't be used, or a store that fails, is told before anything is kept.
        Store::instance()->cursor($key);
        try {
            $this->rows->insert($key, $json);
        } catch (PDOException | CakeException $exception) {
            $this->log($key, 'a push was not kept', $exception);

            return false;
        }
        try {
            $this->isInTransaction() ? $this->announceAfterCommit($key) : $this->announce($key);
        } catch (PDOException | CakeException | StoreException $exception) {
            $isMisconfigured = $this->rows->isMisconfigured($exception);
            $this->log(
                $key,
                $isMisconfigured
                    ? 'a push can\'t be sent'
                    : 'a push is kept, and streams will find it within "poll" seconds',
                $exception,
            );

            return !$isMisconfigured;
        }

        return true;
    }

    /**
     * Inside a transaction it finds what is in the store already.
     *
     * @inheritDoc
     */
    public function check(string $key, int|string $lastKnown): ?array
    {
        return $this->seen($key, fn(): array => array_filter([parent::check($key, $lastKnown)]))[0] ?? null;
    }

    /**
     * @inheritDoc
     */
    public function read(string $key, ?string $after, int $limit): array
    {
        return $this->seen($key, fn(): array => parent::read($key, $after, $limit));
    }

    /**
     * @inheritDoc
     */
    public function streamOptions(array $keys, array $options): array
    {
        foreach ($keys as $key) {
            try {
                // What is older than the stream is for `replay`.
                $this->tell($key);
            } catch (PDOException | CakeException $exception) {
                // An error page would end the EventSource of a client that comes back; it waits for what passes.
                if (($options['lastEventId'] ?? '') === '' || $this->rows->isMisconfigured($exception)) {
                    throw new StoreException($this->rows->problem($exception), 0, $exception);
                }
                $this->log($key, 'a stream begins without the database', $exception);
            } catch (StoreException $exception) {
                // If it can't be read either, the stream is refused for that.
                $this->log($key, 'a stream begins without new rows', $exception);
            }
        }
        $options = parent::streamOptions($keys, $options);
        $options['onLoop'] = self::looking(fn() => array_walk($keys, $this->look(...)), $options['onLoop'] ?? null);

        return $options;
    }

    /**
     * Deletes what is not kept any more, of all keys.
     *
     * @return int how many rows were deleted
     */
    public function collectGarbage(): int
    {
        return $this->rows->trimAll();
    }

    /**
     * @inheritDoc
     */
    protected function find(string $key, array $reference): ?Fetched
    {
        // A change of the last value comes from a signal that was touched by hand.
        $json = isset($reference['value'])
            ? $this->rows->newest($key)
            : $this->rows->find($key, (int)($reference['reference'] ?? 0));

        return $json === null ? null : Fetched::ofJson($json);
    }

    /**
     * @inheritDoc
     */
    protected function fetch(string $key, array $reference): ?Fetched
    {
        $until = microtime(true) + self::PATIENCE;
        $pause = 50_000;
        while (true) {
            try {
                return $this->find($key, $reference);
            } catch (PDOException | CakeException $exception) {
                // It restarts, maybe. The event is not lost as long as nothing is said of it.
                $this->rows->disconnect();
                if (microtime(true) > $until || connection_aborted()) {
                    throw $exception;
                }
                usleep($pause);
                $pause = min(2 * $pause, 1_000_000);
            }
        }
    }

    /**
     * @return bool whether what is seen now may still be rolled back; a test's own transaction counts for nothing, as
     *   it is never committed
     */
    private function isInTransaction(): bool
    {
        return Store::instance()->isShared() && $this->rows->areInTransaction();
    }

    /**
     * Tells the streams of a push that was committed.
     */
    private function announce(string $key): void
    {
        $this->tell($key);
        if (!$this->signal instanceof FileSignalStrategy) {
            $this->signal->touch($key);
        }
        if (random_int(1, self::PUSHES_PER_TRIM) === 1) {
            $this->trim($key);
        }
    }

    private function trim(string $key): void
    {
        try {
            $this->rows->trim($key);
        } catch (PDOException | CakeException $exception) {
            $this->log($key, 'old rows are not deleted, until somebody looks for them again', $exception);
        }
    }

    private function announceAfterCommit(string $key): void
    {
        $connection = $this->rows->connection();
        if (!method_exists($connection, 'afterCommit')) {
            return;
        }
        $connection->afterCommit(function () use ($key): void {
            try {
                if (!$this->rows->areInTransaction()) {
                    $this->announce($key);
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
     */
    private function tell(string $key): void
    {
        if (!$this->isInTransaction()) {
            (new ReferenceLog($key))->extend(fn(?string $told): Generator => $this->missing($key, $told));
        }
    }

    /**
     * Where rows between are gone, a reference to nothing stands for them: it is told as a gap.
     *
     * @return \Generator<string> the references behind one
     */
    private function missing(string $key, ?string $told): Generator
    {
        if (!$this->rows->hasAfter($key, (int)$told)) {
            return;
        }
        $this->rows->place($key, (int)$told);
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
        } catch (PDOException | CakeException $exception) {
            $this->log($key, 'a stream could not ask the database, and will again', $exception);
            $this->rows->disconnect();
        } catch (StoreException $exception) {
            $this->log($key, 'a stream could not store what is new, and will try again', $exception);
        }
    }

    /**
     * What is read when the store has what the table has.
     *
     * @param \Closure(): list<Found> $read Reads the store.
     * @return list<Found>
     * @throws \Sse\StoreException when the store can't be read, or the database not be asked
     */
    private function seen(string $key, Closure $read): array
    {
        try {
            $this->tell($key);
            $found = $read();
        } catch (PDOException | CakeException $exception) {
            throw new StoreException($this->rows->problem($exception), 0, $exception);
        }
        // What the store has and the transaction's older snapshot hasn't is no gap, but for the next look.
        while ($found !== [] && end($found)['data'] === null && isset(end($found)['gap']) && $this->isInTransaction()) {
            array_pop($found);
        }

        return $found;
    }

    private function log(string $key, string $what, Throwable $exception): void
    {
        $problem = $exception instanceof StoreException ? $exception->getMessage() : $this->rows->problem($exception);
        Log::error(sprintf('SSE key %s: %s: %s', Store::quoted($key), $what, $problem));
    }
}
