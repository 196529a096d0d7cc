<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Cake\Core\Exception\CakeException;
use Cake\Database\Connection;
use Cake\Database\Exception\MissingConnectionException;
use Cake\Database\Query\SelectQuery;
use Cake\Database\Schema\Collection;
use Cake\Datasource\FactoryLocator;
use Cake\ORM\Table;
use Closure;
use Generator;
use InvalidArgumentException;
use PDOException;
use Sse\Service\Settings;
use Sse\StoreException;
use Throwable;

/**
 * The rows of `sse_payloads`.
 *
 * A row is inserted without a place, in whatever transaction the application has open, and gets its place when it is
 * seen: by then it was committed. A place is the row's `position` and, in `follows`, the position of the row before it.
 *
 * Always true:
 * - nothing but an INSERT happens in a transaction of the application;
 * - whoever sees a position has seen all of the key before it: a place follows one that is committed, and of two that
 *   would follow the same one the database refuses the second;
 * - positions rise also when the table is emptied, as long as the clock doesn't go back.
 *
 * @internal
 */
final class PayloadRows
{
    /**
     * What the migration makes, and its columns.
     */
    private const TABLE = 'sse_payloads';
    private const COLUMNS = ['id', 'stream_key', 'position', 'follows', 'payload', 'modified'];

    /**
     * Rows per query of those that are new.
     */
    private const BATCH = 200;

    /**
     * Rows that are deleted at once.
     */
    private const TRIMMED = 500;

    /**
     * So long the newest row of a key is kept, in seconds: 30 days, as the tombstones of the extension's own store.
     */
    private const LAST_KEPT = 30 * 86400;

    /**
     * So long others are made way for that give places too, in seconds. It takes them milliseconds.
     */
    private const PATIENCE = 5.0;

    /**
     * The time and number of this process's newest row.
     *
     * @var array{int, int}
     */
    private static array $newest = [0, 0];

    private readonly string $model;

    /**
     * Takes the model that `Sse.payloads_model` names.
     */
    public function __construct()
    {
        $this->model = Settings::read('payloads_model');
    }

    /**
     * @return bool whether what is inserted now may still be rolled back
     */
    public function areInTransaction(): bool
    {
        $connection = $this->connection();

        // The driver also knows of a transaction that was begun past CakePHP.
        return $connection->inTransaction() || $connection->getDriver()->inTransaction();
    }

    /**
     * Whether the table isn't as the migration makes it, or the configuration names what doesn't exist: waiting doesn't
     * mend that.
     */
    public function isMisconfigured(Throwable $exception): bool
    {
        return $this->lacks($exception) !== null
            || $exception instanceof CakeException && !$exception instanceof MissingConnectionException;
    }

    /**
     * What happened, and how to mend it.
     */
    public function problem(Throwable $exception): string
    {
        $lacks = $this->lacks($exception);
        if ($lacks === null) {
            return ($this->isMisconfigured($exception) ? "Sse.payloads_model is \"$this->model\": " : '')
                . $exception->getMessage();
        }
        $table = $this->table()->getTable();
        $connection = $this->connection()->configName();
        $migration = 'bin/cake migrations migrate -p Sse --no-lock'
            . ($connection === 'default' ? '' : " --connection $connection");

        return sprintf(
            $lacks === 'table'
                ? 'there is no table %s, which the engine "database" keeps its payloads in: %s (%s)'
                : 'the table %s is not as the engine "database" needs it: rename it, and %s (%s)',
            $table,
            $table === self::TABLE
                ? "run \"$migration\""
                : 'make one as "' . self::TABLE . "\" is, or correct Sse.payloads_model, which is \"$this->model\"",
            $exception->getMessage(),
        );
    }

    /**
     * What the database doesn't have.
     *
     * @return 'table'|'column'|null
     */
    private function lacks(Throwable $exception): ?string
    {
        if (!$exception instanceof PDOException) {
            return null;
        }
        $cause = $exception->getPrevious() ?? $exception;
        // The codes of MySQL and PostgreSQL; SQLite has none.
        $isTable = in_array((string)$cause->getCode(), ['42S02', '42P01'], true)
            || str_contains($cause->getMessage(), 'no such table');
        if ($isTable) {
            return 'table';
        }
        try {
            // As it is now, not as a cache may have it.
            $schema = (new Collection($this->connection()))->describe($this->table()->getTable());
        } catch (PDOException | CakeException) {
            return null;
        }

        return array_diff(self::COLUMNS, $schema->columns()) === [] ? null : 'column';
    }

    public function connection(): Connection
    {
        return $this->table()->getConnection();
    }

    /**
     * Lets go of a connection that failed; the next query opens another.
     */
    public function disconnect(): void
    {
        $connection = $this->connection();
        $isMemory = str_contains((string)($connection->config()['database'] ?? ''), ':memory:');
        if ($isMemory || $connection->inTransaction()) {
            return;
        }
        foreach ([Connection::ROLE_READ, Connection::ROLE_WRITE] as $role) {
            $connection->getDriver($role)->disconnect();
        }
    }

    /**
     * @return string the row's id
     */
    public function insert(string $key, string $json): string
    {
        $row = [
            'id' => $this->newId(),
            'stream_key' => $this->hash($key),
            'payload' => $json,
            'modified' => gmdate('Y-m-d H:i:s'),
        ];
        $this->connection()->insert($this->table()->getTable(), $row);

        return $row['id'];
    }

    /**
     * Whether there are rows without a place, or behind a position.
     */
    public function hasAfter(string $key, int $after): bool
    {
        $news = $this->select(['id'], $key)
            ->where(['OR' => ['position IS' => null, 'position >' => $after]], ['position' => 'biginteger'])
            ->limit(1);

        return $news->execute()->fetch() !== false;
    }

    /**
     * Gives a place above a position to each row that has none, in the order in which they were pushed. Not to be
     * called inside a transaction.
     *
     * @throws \Sse\StoreException when others give so many places that this process never has its turn
     */
    public function place(string $key, int $above): void
    {
        $until = microtime(true) + self::PATIENCE;
        $rows = $this->select(['id'], $key)->where(['position IS' => null])->orderBy('id')->limit(self::BATCH);
        do {
            $ids = array_column($rows->execute()->fetchAll('assoc'), 'id');
            foreach ($ids as $id) {
                if ($this->placeOne($key, $id, $above)) {
                    continue;
                }
                if (microtime(true) > $until) {
                    throw new StoreException(sprintf('other processes gave places for %g seconds', self::PATIENCE));
                }
                // Who was faster has more to place, and goes on undisturbed.
                usleep(random_int(500, 3_000));
                break;
            }
        } while ($ids !== []);
    }

    /**
     * The position of a row; null if it has none.
     */
    public function position(string $id): ?int
    {
        $row = $this->connection()->selectQuery(['position'], $this->table()->getTable())
            ->useWriteRole()
            ->where(compact('id'))
            ->execute()
            ->fetch();

        return is_array($row) && $row[0] !== null ? (int)$row[0] : null;
    }

    /**
     * The places behind a position, in their order.
     *
     * @return \Generator<int, int> the position that each follows, by its own
     */
    public function after(string $key, int $after): Generator
    {
        do {
            $rows = $this->select(['position', 'follows'], $key)
                ->where(['position >' => $after], ['position' => 'biginteger'])
                ->orderBy('position')
                ->limit(self::BATCH)
                ->execute()
                ->fetchAll('assoc');
            foreach ($rows as $row) {
                $after = (int)$row['position'];
                yield $after => (int)$row['follows'];
            }
            $isMore = count($rows) === self::BATCH;
        } while ($isMore);
    }

    /**
     * The payload at a position, as JSON; null if it is gone.
     */
    public function find(string $key, int $position): ?string
    {
        return $this->one($this->select(['payload'], $key)->where(compact('position'), ['position' => 'biginteger']));
    }

    /**
     * The payload of the newest row that has a place, as JSON; null if there is none.
     */
    public function newest(string $key): ?string
    {
        $rows = $this->select(['payload'], $key)->where(['position IS NOT' => null]);

        return $this->one($rows->orderByDesc('position')->limit(1));
    }

    /**
     * Deletes some of what is not kept any more, by the extension's own settings `sse.retention_events` for this key
     * and `sse.retention_seconds` for all. The newest row of a key stays for 30 days. Not to be called inside a
     * transaction.
     *
     * @return int how many rows were deleted
     */
    public function trim(string $key): int
    {
        return $this->trimMany($this->hash($key)) + $this->trimAged();
    }

    /**
     * Deletes all that is not kept any more, of all keys.
     *
     * @return int how many rows were deleted
     */
    public function trimAll(): int
    {
        $table = $this->table()->getTable();
        $keys = $this->connection()->selectQuery(['stream_key'], $table)->useWriteRole()->groupBy('stream_key');
        $keys->having(fn($exp) => $exp->gt($keys->func()->count('*'), $this->kept(), 'integer'));
        $deleted = $this->untilNone($this->trimAged(...));
        foreach (array_column($keys->execute()->fetchAll('assoc'), 'stream_key') as $hash) {
            $deleted += $this->untilNone(fn(): int => $this->trimMany($hash));
        }

        return $deleted;
    }

    /**
     * @param \Closure(): int $trim
     */
    private function untilNone(Closure $trim): int
    {
        $sum = 0;
        while (($deleted = $trim()) > 0) {
            $sum += $deleted;
        }

        return $sum;
    }

    /**
     * How many rows of a key are kept.
     */
    private function kept(): int
    {
        return max(1, (int)ini_get('sse.retention_events'));
    }

    private function trimMany(string $hash): int
    {
        $placed = $this->of($hash, ['position'])->where(['position IS NOT' => null]);
        $old = $placed->orderByDesc('position')->limit(1)->offset($this->kept())->execute()->fetch();

        return is_array($old) ? $this->delete(
            $this->of($hash, ['id'])
                ->where(['position <=' => $old[0]], ['position' => 'biginteger'])
                ->orderBy('position'),
        ) : 0;
    }

    private function trimAged(): int
    {
        $table = $this->table()->getTable();
        $newer = $this->connection()->selectQuery('1', ['newer' => $table])
            ->where('newer.stream_key = old.stream_key AND newer.position > old.position');
        $seconds = max(1, (int)ini_get('sse.retention_seconds'));
        $before = fn(int $age): array => ['old.modified <' => gmdate('Y-m-d H:i:s', time() - $age)];

        return $this->delete(
            $this->connection()->selectQuery(['id' => 'old.id'], ['old' => $table])
                ->where($before($seconds))
                ->where(fn($exp) => $exp->or([$exp->exists($newer), $before(max($seconds, self::LAST_KEPT))]))
                ->orderBy('old.modified'),
        );
    }

    /**
     * @param \Cake\Database\Query\SelectQuery<mixed> $ids Finds ids.
     * @return int how many rows were deleted, by their primary key: nothing else is locked
     */
    private function delete(SelectQuery $ids): int
    {
        $ids = array_column($ids->useWriteRole()->limit(self::TRIMMED)->execute()->fetchAll('assoc'), 'id');

        return $ids === [] ? 0 : $this->connection()->deleteQuery($this->table()->getTable())
            ->where(['id IN' => $ids], ['id' => 'string[]'])
            ->execute()
            ->rowCount();
    }

    /**
     * Gives a row its place above a position.
     *
     * @return bool false if another process was faster to place this row, or another at this position
     */
    private function placeOne(string $key, string $id, int $above): bool
    {
        $query = $this->select([], $key);
        $last = $query->select($query->func()->max('position'))->execute()->fetch();
        $follows = (int)($last[0] ?? 0);
        $position = max((int)(microtime(true) * 1e6), $follows + 1, $above + 1);
        try {
            return $this->connection()->updateQuery($this->table()->getTable())
                ->set(compact('position', 'follows'), ['position' => 'biginteger', 'follows' => 'biginteger'])
                ->where(['id' => $id, 'position IS' => null])
                ->execute()
                ->rowCount() === 1;
        } catch (PDOException $exception) {
            $cause = $exception->getPrevious() ?? $exception;
            // A duplicate key (class 23), or a deadlock (class 40).
            if (!in_array(substr((string)$cause->getCode(), 0, 2), ['23', '40'], true)) {
                throw $exception;
            }

            return false;
        }
    }

    /**
     * @param list<string> $columns
     * @return \Cake\Database\Query\SelectQuery<mixed>
     */
    private function select(array $columns, string $key): SelectQuery
    {
        return $this->of($this->hash($key), $columns);
    }

    /**
     * @param list<string> $columns
     * @return \Cake\Database\Query\SelectQuery<mixed> not from a replica: it may not have the newest rows yet
     */
    private function of(string $hash, array $columns): SelectQuery
    {
        return $this->connection()->selectQuery($columns, $this->table()->getTable())
            ->useWriteRole()
            ->where(['stream_key' => $hash]);
    }

    /**
     * @param \Cake\Database\Query\SelectQuery<mixed> $query Finds a payload.
     */
    private function one(SelectQuery $query): ?string
    {
        $row = $query->execute()->fetch();

        return is_array($row) ? (string)$row[0] : null;
    }

    /**
     * An id above all that this process made before.
     */
    private function newId(): string
    {
        [$time, $number] = self::$newest;
        $now = (int)(microtime(true) * 1e6);
        self::$newest = $now > $time ? [$now, 0] : [$time, $number + 1];

        return sprintf('%014x%06x%s', ...self::$newest, ...[bin2hex(random_bytes(6))]);
    }

    private function hash(string $key): string
    {
        return hash('sha256', $key);
    }

    /**
     * @return \Cake\ORM\Table
     * @throws \InvalidArgumentException when what `Sse.payloads_model` names is none
     */
    private function table(): Table
    {
        $table = FactoryLocator::get('Table')->get($this->model);
        if (!$table instanceof Table) {
            throw new InvalidArgumentException("SSE: Sse.payloads_model is $this->model, which is not a table.");
        }

        return $table;
    }
}
