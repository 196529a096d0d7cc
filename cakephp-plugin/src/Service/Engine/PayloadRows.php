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
     * Attempts to give a place while other machines give theirs.
     */
    private const ATTEMPTS = 100;

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
     *
     * @param \Throwable $exception What the database or CakePHP answered.
     * @return bool
     */
    public function isMisconfigured(Throwable $exception): bool
    {
        return $this->lacks($exception) !== null
            || $exception instanceof CakeException && !$exception instanceof MissingConnectionException;
    }

    /**
     * What happened, and how to mend it.
     *
     * @param \Throwable $exception What the database or CakePHP answered.
     * @return string
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
     * @param \Throwable $exception What it answered.
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

    /**
     * @return \Cake\Database\Connection
     */
    public function connection(): Connection
    {
        return $this->table()->getConnection();
    }

    /**
     * Lets go of the connection; the next query opens it again.
     *
     * @return void
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
     * @param string $key The key.
     * @param string $json The payload.
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
     * Takes a row back, unless it has a place: then others may have been told of it.
     *
     * @param string $id The row's id.
     * @return bool whether it is gone
     */
    public function remove(string $id): bool
    {
        $unplaced = ['id' => $id, 'position IS' => null];

        return $this->connection()->delete($this->table()->getTable(), $unplaced)->rowCount() === 1;
    }

    /**
     * Whether there are rows without a place, or behind one.
     *
     * @param string $key The key.
     * @param int $after The position.
     * @return bool
     */
    public function hasAfter(string $key, int $after): bool
    {
        $news = $this->select(['id'], $key)
            ->where(['OR' => ['position IS' => null, 'position >' => $after]], ['position' => 'biginteger'])
            ->limit(1);

        return $news->execute()->fetch() !== false;
    }

    /**
     * Gives a place to each row that has none, in the order in which they were pushed. Not to be called inside a
     * transaction.
     *
     * @param string $key The key.
     * @param int $above They are to be above this position.
     * @return void
     */
    public function place(string $key, int $above): void
    {
        do {
            $rows = $this->select(['id'], $key)->where(['position IS' => null])->orderBy('id')->limit(self::BATCH);
            $ids = array_column($rows->execute()->fetchAll('assoc'), 'id');
            foreach ($ids as $id) {
                $this->placeOne($key, $id, $above);
            }
            $isMore = count($ids) === self::BATCH;
        } while ($isMore);
    }

    /**
     * @param string $id The row's id.
     * @return int|null its position; null if it has none
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
     * @param string $key The key.
     * @param int $after The position.
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
     * @param string $key The key.
     * @param int $position A position.
     * @return \Sse\Service\Engine\JsonText|null the payload; null if it is gone
     */
    public function find(string $key, int $position): ?JsonText
    {
        return $this->one($this->select(['payload'], $key)->where(compact('position'), ['position' => 'biginteger']));
    }

    /**
     * @param string $key The key.
     * @return \Sse\Service\Engine\JsonText|null the payload of the newest row that has a place; null if there is none
     */
    public function newest(string $key): ?JsonText
    {
        $rows = $this->select(['payload'], $key)->where(['position IS NOT' => null]);

        return $this->one($rows->orderByDesc('position')->limit(1));
    }

    /**
     * Deletes some of what is not kept any more, by the extension's own settings `sse.retention_events` for this key
     * and `sse.retention_seconds` for all. The newest row of a key stays for 30 days. Not to be called inside a
     * transaction.
     *
     * @param string $key The key.
     * @return int how many rows were deleted
     */
    public function trim(string $key): int
    {
        $old = $this->select(['position'], $key)
            ->where(['position IS NOT' => null])
            ->orderByDesc('position')
            ->limit(1)
            ->offset(max(1, (int)ini_get('sse.retention_events')))
            ->execute()
            ->fetch();
        $deleted = is_array($old) ? $this->delete(
            $this->select(['id'], $key)
                ->where(['position <=' => $old[0]], ['position' => 'biginteger'])
                ->orderBy('position'),
        ) : 0;
        $table = $this->table()->getTable();
        $newer = $this->connection()->selectQuery('1', ['newer' => $table])
            ->where('newer.stream_key = old.stream_key AND newer.position > old.position');
        $seconds = max(1, (int)ini_get('sse.retention_seconds'));
        $before = fn(int $age): array => ['old.modified <' => gmdate('Y-m-d H:i:s', time() - $age)];
        $aged = $this->connection()->selectQuery(['id' => 'old.id'], ['old' => $table])
            ->where($before($seconds))
            ->where(fn($exp) => $exp->or([$exp->exists($newer), $before(max($seconds, self::LAST_KEPT))]))
            ->orderBy('old.modified');

        return $deleted + $this->delete($aged);
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
     * @param string $key The key.
     * @param string $id The row's id.
     * @param int $above Its position is to be above this one.
     * @return void
     */
    private function placeOne(string $key, string $id, int $above): void
    {
        $attempts = 0;
        while (true) {
            $query = $this->select([], $key);
            $last = $query->select($query->func()->max('position'))->execute()->fetch();
            $follows = (int)($last[0] ?? 0);
            $position = max((int)(microtime(true) * 1e6), $follows + 1, $above + 1);
            try {
                $this->connection()->updateQuery($this->table()->getTable())
                    ->set(compact('position', 'follows'), ['position' => 'biginteger', 'follows' => 'biginteger'])
                    ->where(['id' => $id, 'position IS' => null])
                    ->execute();

                return;
            } catch (PDOException $exception) {
                if (++$attempts === self::ATTEMPTS || !$this->isConflict($exception)) {
                    throw $exception;
                }
            }
        }
    }

    /**
     * Whether somebody else was faster: a duplicate key (class 23), or a deadlock (class 40).
     *
     * @param \PDOException $exception What the database answered.
     * @return bool
     */
    private function isConflict(PDOException $exception): bool
    {
        $cause = $exception->getPrevious() ?? $exception;

        return in_array(substr((string)$cause->getCode(), 0, 2), ['23', '40'], true);
    }

    /**
     * @param list<string> $columns The columns.
     * @param string $key The key.
     * @return \Cake\Database\Query\SelectQuery<mixed> not from a replica: it may not have the newest rows yet
     */
    private function select(array $columns, string $key): SelectQuery
    {
        return $this->connection()->selectQuery($columns, $this->table()->getTable())
            ->useWriteRole()
            ->where(['stream_key' => $this->hash($key)]);
    }

    /**
     * @param \Cake\Database\Query\SelectQuery<mixed> $query Finds a payload.
     * @return \Sse\Service\Engine\JsonText|null
     */
    private function one(SelectQuery $query): ?JsonText
    {
        $row = $query->execute()->fetch();

        return is_array($row) ? new JsonText((string)$row[0]) : null;
    }

    /**
     * An id above all that this process made before.
     *
     * @return string
     */
    private function newId(): string
    {
        [$time, $number] = self::$newest;
        $now = (int)(microtime(true) * 1e6);
        self::$newest = $now > $time ? [$now, 0] : [$time, $number + 1];

        return sprintf('%014x%06x%s', ...self::$newest, ...[bin2hex(random_bytes(6))]);
    }

    /**
     * @param string $key The key.
     * @return string
     */
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
