<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Cake\Core\Exception\CakeException;
use Cake\Log\Log;
use Closure;
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
 * - references of a key are stored under one lock, in the order of their positions, each once;
 * - nothing gets its place, and nobody hears of anything, inside a transaction of the application.
 *
 * @internal
 */
final class DatabaseEngine extends Engine
{
    /**
     * Logs that are remembered.
     */
    private const LOGS = 100;

    /**
     * So many seconds a stream waits for a database that can't be asked, before it tells its client of a gap.
     */
    private const PATIENCE = 30.0;

    /**
     * Of so many rows that are told of one makes look for rows to delete.
     */
    private const ROWS_PER_TRIM = 100;

    /**
     * What was read of the store for pushes, by their keys.
     *
     * @var array<string, \Sse\Service\Engine\ReferenceLog>
     */
    private array $logs = [];

    /**
     * @param \Sse\Service\Engine\PayloadRows $rows The table's rows.
     * @param \Sse\Service\Signal\SignalStrategyInterface $signal Is touched by each push.
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
        $json = $this->assertSendable($payload);
        // A key that can't be used, or a store that fails, is told before anything is kept.
        Store::instance()->cursor($key);
        try {
            $id = $this->rows->insert($key, $json);
            $waits = $this->isInTransaction();
        } catch (PDOException | CakeException $exception) {
            $this->note($key, 'a push was not kept', $exception);

            return false;
        }
        if ($waits) {
            $this->tellAfterCommit($key);

            return true;
        }
        try {
            $this->tell($key);
        } catch (StoreException $exception) {
            if ($this->takeBack($key, $id)) {
                throw $exception;
            }
            $this->note($key, 'a push is kept, and streams will find it within "poll" seconds', $exception);
        } catch (PDOException | CakeException $exception) {
            if ($this->rows->isMisconfigured($exception)) {
                $this->note($key, 'a push can\'t be sent', $exception);

                return false;
            }
            $this->note($key, 'a push is kept, and streams will find it within "poll" seconds', $exception);
        }

        return true;
    }

    /**
     * Inside a transaction it finds what is in the log already.
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
     * What is read when the log has what the table has.
     *
     * @param string $key The key.
     * @param \Closure(): list<array{time: int, data: mixed, id: string, gap?: true}> $read Reads the log.
     * @return list<array{time: int, data: mixed, id: string, gap?: true}>
     * @throws \Sse\StoreException when the log can't be read, or the database not be asked
     */
    private function seen(string $key, Closure $read): array
    {
        try {
            $this->relay($key, $this->log($key));
            $found = $read();
        } catch (PDOException | CakeException $exception) {
            throw new StoreException($this->rows->problem($exception), 0, $exception);
        }
        // What the log has and the transaction's older snapshot hasn't is no gap, but for the next look.
        while ($found !== [] && end($found)['data'] === null && isset(end($found)['gap']) && $this->isInTransaction()) {
            array_pop($found);
        }

        return $found;
    }

    /**
     * @inheritDoc
     */
    public function streamOptions(string $key, array $options): array
    {
        $log = new ReferenceLog($key);
        try {
            // What is older than the stream is for `replay`.
            $this->relay($key, $log);
        } catch (PDOException | CakeException $exception) {
            if (!$this->mayWait($exception, $options)) {
                throw new StoreException($this->rows->problem($exception), 0, $exception);
            }
            $this->note($key, 'a stream begins without the database', $exception);
        } catch (StoreException $exception) {
            // If it is more than a lock, the stream is refused when it looks at the store itself.
            $this->note($key, 'a stream begins without new rows', $exception);
        }
        $options['fetch'] = fn(array $reference): ?array => $this->fetch($key, $reference);
        $options['beforeSend'] = $this->beforeSend($options['beforeSend'] ?? null);
        $options['onLoop'] = $this->onLoop($key, $log, $options['onLoop'] ?? null);

        return $options;
    }

    /**
     * @inheritDoc
     */
    protected function payload(string $key, array $event): ?array
    {
        if (!$event['external']) {
            return [$event['data']];
        }
        $found = $this->find($key, $event['data']);

        return $found === null ? null : [$found->payload()];
    }

    /**
     * Whether a stream begins although the database can't be asked: for a client that comes back, as an error page
     * would end its EventSource, and only for what passes by itself.
     *
     * @param \Throwable $exception What the database answered.
     * @param array<string, mixed> $options The stream's options.
     * @return bool
     */
    private function mayWait(Throwable $exception, array $options): bool
    {
        return ($options['lastEventId'] ?? '') !== '' && !$this->rows->isMisconfigured($exception);
    }

    /**
     * @param string $key The key.
     * @param string $id The row's id.
     * @return bool whether the row is gone, and was never told by anybody; if not, the push succeeded
     */
    private function takeBack(string $key, string $id): bool
    {
        try {
            return $this->rows->remove($id);
        } catch (PDOException | CakeException $exception) {
            $this->note($key, 'a push could not be taken back', $exception);

            return false;
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
     * @param string $key The key.
     * @return void
     */
    private function tellAfterCommit(string $key): void
    {
        $connection = $this->rows->connection();
        if (!method_exists($connection, 'afterCommit')) {
            return;
        }
        $connection->afterCommit(function () use ($key): void {
            try {
                if (!$this->rows->areInTransaction()) {
                    $this->tell($key);
                }
            } catch (Throwable $exception) {
                // What was committed stays so; the caller of commit() is not the one to mend this.
                $this->note($key, 'streams will find a push within "poll" seconds', $exception);
            }
        });
    }

    /**
     * Tells the streams of what was committed.
     *
     * @param string $key The key.
     * @return void
     */
    private function tell(string $key): void
    {
        $this->relay($key, $this->log($key));
        if (!$this->signal instanceof FileSignalStrategy) {
            $this->signal->touch($key);
        }
    }

    /**
     * @param string $key The key.
     * @return \Sse\Service\Engine\ReferenceLog
     */
    private function log(string $key): ReferenceLog
    {
        if (count($this->logs) >= self::LOGS) {
            $this->logs = [];
        }

        return $this->logs[$key] ??= new ReferenceLog($key);
    }

    /**
     * Stores references to the rows that the store doesn't have. Inside a transaction it does nothing: rows that are
     * seen there may never be committed, and what would place them may block others, or fail on an older snapshot.
     *
     * Where rows between are gone a reference to nothing stands for them: it is told as a gap.
     *
     * @param string $key The key.
     * @param \Sse\Service\Engine\ReferenceLog $log What was read of the store.
     * @return void
     */
    private function relay(string $key, ReferenceLog $log): void
    {
        if ($this->isInTransaction()) {
            return;
        }
        $log->readEnd();
        if (!$this->rows->hasAfter($key, (int)$log->reference)) {
            return;
        }
        $told = 0;
        Store::instance()->locked($key, function () use ($key, $log, &$told): bool {
            $log->readEnd();
            $this->rows->place($key, (int)$log->reference);
            $known = $log->reference === null ? null : (int)$log->reference;
            foreach ($this->rows->after($key, (int)$known) as $position => $follows) {
                if ($known !== null && $follows !== $known) {
                    Store::instance()->push($key, ['reference' => (string)$follows], true);
                }
                Store::instance()->push($key, ['reference' => (string)$position], true);
                $known = $position;
                $told++;
            }

            return true;
        }, true);
        $log->readEnd();
        if (random_int(1, self::ROWS_PER_TRIM) <= $told) {
            $this->trim($key);
        }
    }

    /**
     * @param string $key The key.
     * @return void
     */
    private function trim(string $key): void
    {
        try {
            $this->rows->trim($key);
        } catch (PDOException | CakeException $exception) {
            $this->note($key, 'old rows are not deleted, until somebody looks for them again', $exception);
        }
    }

    /**
     * The payload behind a reference, in a list; null if it is gone.
     *
     * @param string $key The key.
     * @param array<string, mixed> $reference The reference.
     * @return array{\Sse\Service\Engine\JsonText}|null
     */
    private function fetch(string $key, array $reference): ?array
    {
        $until = microtime(true) + self::PATIENCE;
        $pause = 50_000;
        while (true) {
            try {
                $found = $this->find($key, $reference);

                return $found === null ? null : [$found];
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
     * @param string $key The key.
     * @param array<string, mixed> $reference The reference.
     * @return \Sse\Service\Engine\JsonText|null
     */
    private function find(string $key, array $reference): ?JsonText
    {
        // One to the last value comes from a signal that was touched by hand.
        return isset($reference['value'])
            ? $this->rows->newest($key)
            : $this->rows->find($key, (int)($reference['reference'] ?? 0));
    }

    /**
     * @param mixed $beforeSend The application's own, or null.
     * @return mixed
     */
    private function beforeSend(mixed $beforeSend): mixed
    {
        return match (true) {
            $beforeSend === null => null,
            is_callable($beforeSend) => fn(mixed $payload): mixed => $beforeSend(
                $payload instanceof JsonText ? $payload->payload() : $payload,
            ),
            // The extension says what is wrong with it.
            default => $beforeSend,
        };
    }

    /**
     * @param string $key The key.
     * @param \Sse\Service\Engine\ReferenceLog $log What the stream has read of the store.
     * @param mixed $onLoop The application's own, or null.
     * @return mixed one that looks for rows first
     */
    private function onLoop(string $key, ReferenceLog $log, mixed $onLoop): mixed
    {
        if ($onLoop !== null && !is_callable($onLoop)) {
            return $onLoop;
        }

        return function () use ($key, $log, $onLoop): void {
            try {
                $this->relay($key, $log);
            } catch (PDOException | CakeException $exception) {
                $this->note($key, 'a stream could not ask the database, and will again', $exception);
                $this->rows->disconnect();
            } catch (StoreException $exception) {
                $this->note($key, 'a stream could not store what is new, and will try again', $exception);
            } finally {
                if ($onLoop !== null) {
                    $onLoop();
                }
            }
        };
    }

    /**
     * @param string $key The key.
     * @param string $what What happened.
     * @param \Throwable $exception Why.
     * @return void
     */
    private function note(string $key, string $what, Throwable $exception): void
    {
        $problem = $exception instanceof StoreException ? $exception->getMessage() : $this->rows->problem($exception);
        Log::error(sprintf('SSE key %s: %s: %s', Store::quoted($key), $what, $problem));
    }
}
