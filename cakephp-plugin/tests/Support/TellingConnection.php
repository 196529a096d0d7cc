<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use Cake\Database\Connection;
use Closure;

/**
 * A connection that tells of commits, as CakePHP's own does from 5.4 on: callbacks run after the outermost commit, are
 * dropped by a rollback to the beginning, and survive one to a savepoint.
 */
class TellingConnection extends Connection
{
    /**
     * @var list<\Closure>
     */
    private array $callbacks = [];

    public function afterCommit(Closure $callback): void
    {
        if (!$this->inTransaction()) {
            $callback();

            return;
        }
        $this->callbacks[] = $callback;
    }

    public function commit(): bool
    {
        $committed = parent::commit();
        foreach ($this->inTransaction() ? [] : array_splice($this->callbacks, 0) as $callback) {
            $callback();
        }

        return $committed;
    }

    public function rollback(?bool $toBeginning = null): bool
    {
        $rolledBack = parent::rollback($toBeginning);
        if (!$this->inTransaction()) {
            $this->callbacks = [];
        }

        return $rolledBack;
    }
}
