<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Closure;
use Sse\Service\Store;

/**
 * How the payloads of events are kept; their order, their ids and the wake-up are the store's.
 *
 * What can't be used is an `InvalidArgumentException`, and a store that fails an `Sse\StoreException`.
 *
 * @internal
 * @phpstan-import-type Entry from \Sse\Service\Store
 * @phpstan-import-type Found from \Sse\Service\EventServiceInterface
 */
abstract class Engine
{
    /**
     * Keeps a payload and wakes the key's listeners.
     *
     * @return bool whether it is kept; if not, why is in the log
     */
    abstract public function push(string $key, mixed $payload): bool;

    /**
     * Whether a push could be made now, for one that is to wait for a commit: nobody could be told then. If not, why is
     * in the log.
     */
    public function accepts(string $key, mixed $payload): bool
    {
        Store::instance()->encode($payload);
        Store::instance()->cursor($key);

        return true;
    }

    /**
     * Whether a push now becomes part of an open transaction by itself, and needn't wait for its commit.
     */
    public function sharesTransaction(): bool
    {
        return false;
    }

    /**
     * Sends the newest payload once more, or what the class that keeps payloads has and nobody was told of.
     *
     * @return bool whether there is one
     */
    abstract public function sendAgain(string $key): bool;

    /**
     * Adds to a stream's options what this engine needs.
     *
     * @param list<string> $keys One or more.
     * @param array<string, mixed> $options Options of Sse\stream() that it takes.
     * @return array<string, mixed>
     */
    public function streamOptions(array $keys, array $options): array
    {
        return $options;
    }

    /**
     * Looks for something newer: the newest event after a time in seconds, or the first after an id.
     *
     * @return Found|null
     */
    public function check(string $key, int|string $lastKnown): ?array
    {
        if (is_string($lastKnown)) {
            return $this->read($key, $lastKnown, 1)[0] ?? null;
        }
        $newest = Store::instance()->newest($key);

        return $newest !== null && (int)$newest['time'] > $lastKnown ? $this->found($key, $newest) : null;
    }

    /**
     * Events of a key, oldest first. `gap` is true where some before it are gone, or its own payload is.
     *
     * @return list<Found>
     */
    public function read(string $key, ?string $after, int $limit): array
    {
        $found = [];
        $gap = [];
        foreach (Store::instance()->read($key, $after, $limit) as $entry) {
            if (!$entry['gap']) {
                $found[] = $this->found($key, $entry) + $gap;
            }
            $gap = $entry['gap'] ? ['gap' => true] : [];
        }

        return $found;
    }

    /**
     * The newest payload of a key, in a list; null if it is gone.
     *
     * @return array{mixed}|null
     */
    public function newest(string $key): ?array
    {
        $newest = Store::instance()->newest($key);

        return $newest === null ? [null] : $this->payload($key, $newest);
    }

    /**
     * The payload of an event in the store, in a list; null if it is gone.
     *
     * @param Entry $event
     * @return array{mixed}|null
     */
    abstract protected function payload(string $key, array $event): ?array;

    /**
     * A stream's `collect` that looks for something of a key first.
     *
     * @param \Closure(string): mixed $look
     * @param callable|null $collect Another one.
     * @return \Closure(string): void
     */
    protected static function looking(Closure $look, ?callable $collect): Closure
    {
        return function (string $key) use ($look, $collect): void {
            try {
                $look($key);
            } finally {
                if ($collect !== null) {
                    $collect($key);
                }
            }
        };
    }

    /**
     * @param Entry $event
     * @return Found
     */
    private function found(string $key, array $event): array
    {
        $payload = $this->payload($key, $event);

        return ['time' => (int)$event['time'], 'data' => $payload[0] ?? null, 'id' => $event['id']]
            + ($payload === null ? ['gap' => true] : []);
    }
}
