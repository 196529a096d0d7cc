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
use Generator;
use InvalidArgumentException;
use PDOException;
use Sse\Service\Settings;
use Sse\Service\Store;
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
    private const PLACES = ['position' => 'biginteger', 'follows' => 'biginteger'];

    /**
     * Rows that are read or deleted at once.
     */
    private const BATCH = 500;

    /**
     * So long the newest row of a key is kept, in seconds: 30 days, as the tombstones of the extension's own store.
     */
    private const LAST_KEPT = 30 * 86400;

    /**
     * The time and number of this process's newest row.
     *
     * @var array{int, int}
     */
    private static array $newest = [0, 0];

    private readonly string $model;

    public function __construct()
    {
        $this->model = Settings::read('payloads_model');
    }

    public function connection(): Connection
    {
        return $this->table()->getConnection();
    }

    /**
     * Whether what is seen or inserted now may still be rolled back. A test's own transaction counts for nothing, as it
     * is never committed.
     */
    public function areInTransaction(): bool
    {
        $connection = $this->connection();

        return Store::instance()->isShared()
            // The driver also knows of a transaction that was begun past CakePHP.
            && ($connection->inTransaction() || $connection->getDriver()->inTransaction());
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
        $option = $connection === 'default' ? '' : " --connection $connection";

        return sprintf(
            $lacks === 'table'
                ? 'there is no table %s, which the engine "database" keeps its payloads in: %s (%s)'
                : 'the table %s is not as the engine "database" needs it: rename it, and %s (%s)',
            $table,
            $table === self::TABLE
                ? "run \"bin/cake migrations migrate -p Sse --no-lock$option\""
                : 'make one as "' . self::TABLE . "\" is, or correct Sse.payloads_model, which is \"$this->model\"",
            $exception->getMessage(),
        );
    }

    /**
     * Adds a row without a place.
     *
     * @return string its id
     */
    public function insert(string $key, string $json): string
    {
        $row = [
            'id' => $this->newId(),
            'stream_key' => self::hash($key),
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
        $isNew = ['OR' => ['position IS' => null, 'position >' => $after]];

        return $this->first($this->select(['id'], self::hash($key))->where($isNew, self::PLACES)) !== null;
    }

    /**
     * Gives a place above a position to each row that has none, in the order in which they were pushed. Inside a
     * transaction it does nothing.
     *
     * @param string|null $last The id of the last row that is wanted; null for all.
     * @throws \Sse\StoreException when others give so many places that this process never has its turn
     */
    public function place(string $key, int $above, ?string $last = null): void
    {
        if ($this->areInTransaction()) {
            return;
        }
        $unplaced = $this->select(['id'], self::hash($key))
            ->where(['position IS' => null] + ($last === null ? [] : ['id <=' => $last]))
            ->orderBy('id');
        $contention = new Contention('give a row its place');
        $oldest = $last;
        $isWaiting = true;
        do {
            $ids = $this->ids($unplaced);
            if ($isWaiting && ($ids[0] ?? $oldest) !== $oldest) {
                // Whoever pushed it gives it its place just now, or else it is still there at the next look.
                $oldest = $ids[0];
                $isMore = true;
                $contention->makeWay();
                continue;
            }
            $isWaiting = false;
            $isMore = count($ids) === self::BATCH;
            foreach ($ids as $id) {
                if (!$this->placeOne($key, $id, $above)) {
                    $isMore = true;
                    $contention->makeWay();
                    break;
                }
                $contention->hadTurn();
            }
        } while ($isMore);
    }

    /**
     * The position of a row; null if it has none.
     */
    public function position(string $id): ?int
    {
        $row = $this->first($this->select(['position'])->where(compact('id')));

        return $row === null ? null : (int)$row;
    }

    /**
     * The places behind a position, in their order.
     *
     * @return \Generator<int, int> the position that each follows, by its own
     */
    public function after(string $key, int $after): Generator
    {
        do {
            $rows = $this->select(['position', 'follows'], self::hash($key))
                ->where(['position >' => $after], self::PLACES)
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
        return $this->first($this->select(['payload'], self::hash($key))->where(compact('position'), self::PLACES));
    }

    /**
     * The payload of the newest row that has a place, as JSON; null if there is none.
     */
    public function newest(string $key): ?string
    {
        return $this->first($this->placed(self::hash($key), 'payload'));
    }

    /**
     * Deletes some of what is not kept any more, by the extension's own settings `sse.retention_events` for this key
     * and `sse.retention_seconds` for all. The newest row of a key stays for 30 days. Not to be called inside a
     * transaction.
     */
    public function trim(string $key): void
    {
        $this->delete($this->tooMany(self::hash($key)));
        $this->delete($this->tooOld());
    }

    /**
     * Deletes all that is not kept any more, of all keys.
     *
     * @return int how many rows were deleted
     */
    public function trimAll(): int
    {
        $full = $this->select(['stream_key'])->groupBy('stream_key');
        $full->having(['COUNT(*) >' => $this->kept()], ['COUNT(*)' => 'integer']);
        $deleted = 0;
        foreach ([null, ...array_column($full->execute()->fetchAll(), 0)] as $hash) {
            do {
                $trimmed = $this->delete($hash === null ? $this->tooOld() : $this->tooMany($hash));
                $deleted += $trimmed;
            } while ($trimmed > 0);
        }

        return $deleted;
    }

    /**
     * How many rows of a key are kept.
     */
    private function kept(): int
    {
        return max(1, (int)Store::setting('retention_events'));
    }

    /**
     * @return \Cake\Database\Query\SelectQuery<mixed> finds ids of a key's rows behind those that are kept
     */
    private function tooMany(string $hash): SelectQuery
    {
        $last = (int)$this->first($this->placed($hash, 'position')->offset($this->kept()));

        return $this->select(['id'], $hash)->where(['position <=' => $last], self::PLACES)->orderBy('position');
    }

    /**
     * @return \Cake\Database\Query\SelectQuery<mixed> finds ids of rows that are too old, whatever their key
     */
    private function tooOld(): SelectQuery
    {
        $table = $this->table()->getTable();
        $newer = $this->connection()->selectQuery('1', ['newer' => $table])
            ->where('newer.stream_key = old.stream_key AND newer.position > old.position');
        $seconds = max(1, (int)Store::setting('retention_seconds'));
        $before = fn(int $age): array => ['old.modified <' => gmdate('Y-m-d H:i:s', time() - $age)];

        return $this->connection()->selectQuery(['id' => 'old.id'], ['old' => $table])
            ->useWriteRole()
            ->where($before($seconds))
            ->where(fn($exp) => $exp->or([$exp->exists($newer), $before(max($seconds, self::LAST_KEPT))]))
            ->orderBy('old.modified');
    }

    /**
     * @param \Cake\Database\Query\SelectQuery<mixed> $found Finds ids.
     * @return int how many rows were deleted, by their primary key: nothing else is locked
     */
    private function delete(SelectQuery $found): int
    {
        $ids = $this->ids($found);

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
        $follows = (int)$this->first($this->placed(self::hash($key), 'position'));
        $position = max((int)(microtime(true) * 1e6), $follows + 1, $above + 1);
        try {
            return $this->connection()->updateQuery($this->table()->getTable())
                ->set(compact('position', 'follows'), self::PLACES)
                ->where(['id' => $id, 'position IS' => null])
                ->execute()
                ->rowCount() === 1;
        } catch (PDOException $exception) {
            $code = (string)($exception->getPrevious() ?? $exception)->getCode();
            // A duplicate key (class 23), or a deadlock (class 40).
            if (!str_starts_with($code, '23') && !str_starts_with($code, '40')) {
                throw $exception;
            }

            return false;
        }
    }

    /**
     * @param list<string> $columns
     * @return \Cake\Database\Query\SelectQuery<mixed> not from a replica: it may not have the newest rows yet
     */
    private function select(array $columns, ?string $hash = null): SelectQuery
    {
        $rows = $this->connection()->selectQuery($columns, $this->table()->getTable())->useWriteRole();

        return $hash === null ? $rows : $rows->where(['stream_key' => $hash]);
    }

    /**
     * @return \Cake\Database\Query\SelectQuery<mixed> finds a column of the newest row that has a place
     */
    private function placed(string $hash, string $column): SelectQuery
    {
        return $this->select([$column], $hash)->where(['position IS NOT' => null])->orderByDesc('position')->limit(1);
    }

    /**
     * @param \Cake\Database\Query\SelectQuery<mixed> $found Finds one column.
     * @return mixed what is in the first row; null if there is none
     */
    private function first(SelectQuery $found): mixed
    {
        return $found->limit(1)->execute()->fetch()[0] ?? null;
    }

    /**
     * @param \Cake\Database\Query\SelectQuery<mixed> $found Finds ids.
     * @return list<string> some of them
     */
    private function ids(SelectQuery $found): array
    {
        return array_column($found->limit(self::BATCH)->execute()->fetchAll(), 0);
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

    private static function hash(string $key): string
    {
        return hash('sha256', $key);
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
        // As MySQL, PostgreSQL and SQLite say it.
        if (preg_match('/42S02|42P01|no such table/', ($exception->getPrevious() ?? $exception)->getMessage()) === 1) {
            return 'table';
        }
        try {
            // As it is now, not as a cache may have it.
            $columns = (new Collection($this->connection()))->describe($this->table()->getTable())->columns();
        } catch (PDOException | CakeException) {
            return null;
        }

        return array_diff(self::COLUMNS, $columns) === [] ? null : 'column';
    }

    private function table(): Table
    {
        $table = FactoryLocator::get('Table')->get($this->model);
        if (!$table instanceof Table) {
            throw new InvalidArgumentException("SSE: Sse.payloads_model is $this->model, which is not a table.");
        }

        return $table;
    }
}
