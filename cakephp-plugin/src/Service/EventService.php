<?php
declare(strict_types=1);

namespace Sse\Service;

use Cake\Core\Exception\CakeException;
use Cake\Database\Connection;
use Cake\Datasource\ConnectionManager;
use Cake\Log\Log;
use Closure;
use InvalidArgumentException;
use Sse\Service\Engine\Engine;
use Sse\Service\Engine\UnknownClass;
use Sse\StoreException;
use Throwable;

/**
 * Pushes and reads by the engine that is configured.
 *
 * @internal Use the interface.
 */
final class EventService implements EventServiceInterface
{
    /**
     * @param \Closure(string, mixed): void $pushed Is told each push that was kept.
     */
    public function __construct(public readonly Engine $engine, private readonly Closure $pushed)
    {
    }

    public function push(string $key, mixed $payload): bool
    {
        $class = UnknownClass::in($payload);
        if ($class !== null) {
            throw new InvalidArgumentException(
                "the payload has an object of the class $class, which was not known when it was unserialized: it would"
                . ' be sent with all that the class hides; load the class, or push an array',
            );
        }
        try {
            $afterCommit = $this->engine->sharesTransaction() ? null : $this->afterCommit();
            if ($afterCommit === null) {
                return $this->deliver($key, $payload);
            }
            if (!$this->engine->accepts($key, $payload)) {
                return false;
            }
        } catch (StoreException $exception) {
            $this->logFailure($key, $exception);

            return false;
        }
        $afterCommit(function () use ($key, $payload): void {
            try {
                $this->deliver($key, $payload);
            } catch (Throwable $exception) {
                // What was committed stays so; the caller of commit() is not the one to mend this.
                $this->logFailure($key, $exception);
            }
        });

        return true;
    }

    public function check(string $key, int|string $lastKnownTime): ?array
    {
        return $this->engine->check($key, $lastKnownTime);
    }

    public function read(string $key, ?string $after = null, int $limit = 100): array
    {
        return $this->engine->read($key, $after, $limit);
    }

    public function cursor(array|string $keys): string
    {
        return Store::instance()->cursor($keys);
    }

    public function status(): array
    {
        return Store::instance()->status();
    }

    private function deliver(string $key, mixed $payload): bool
    {
        $isKept = $this->engine->push($key, $payload);
        if ($isKept) {
            ($this->pushed)($key, $payload);
        }

        return $isKept;
    }

    private function logFailure(string $key, Throwable $exception): void
    {
        $key = Store::quoted($key);
        Log::error("SSE: a push to the key $key was not kept: {$exception->getMessage()}");
    }

    /**
     * What runs a closure after the commit, if there is a transaction and CakePHP can tell of its end.
     *
     * @return \Closure(\Closure): mixed|null
     */
    private function afterCommit(): ?Closure
    {
        if (!Store::instance()->isShared()) {
            // A test's own transaction would never be committed.
            return null;
        }
        try {
            $connection = ConnectionManager::get('default');
        } catch (CakeException) {
            // There is no such connection, or no driver for it: then there is no transaction either.
            return null;
        }
        if (!$connection instanceof Connection || !method_exists($connection, 'afterCommit')) {
            return null;
        }

        return $connection->inTransaction() ? $connection->afterCommit(...) : null;
    }
}
