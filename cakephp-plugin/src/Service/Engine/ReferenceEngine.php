<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

/**
 * Payloads that lie elsewhere; the store keeps references to them, in order.
 *
 * Always true: a payload is kept before its reference is stored, so that a stream that wakes finds it.
 *
 * @internal
 */
abstract class ReferenceEngine extends Engine
{
    public function sendAgain(string $key): bool
    {
        (new ReferenceLog($key))->add(null);

        return true;
    }

    public function streamOptions(array $keys, array $options): array
    {
        $marked = array_combine(array_map(ReferenceLog::mark(...), $keys), $keys);
        $options['fetch'] = function (array $reference) use ($marked, $keys): ?array {
            $fetched = $this->fetch($marked[$reference['key'] ?? ''] ?? $keys[0], $reference);

            return $fetched === null ? null : [$fetched];
        };
        $beforeSend = $options['beforeSend'] ?? null;
        $options['beforeSend'] = Fetched::through($beforeSend);
        // Without one of the application's own, each client gets the same.
        $options['shared'] = $beforeSend === null ? true : $options['shared'] ?? false;

        return $options;
    }

    /**
     * The payload behind a reference; null if it is gone.
     *
     * @param array<string, string> $reference
     */
    abstract protected function find(string $key, array $reference): ?Fetched;

    /**
     * The same for a stream.
     *
     * @param array<string, string> $reference
     */
    protected function fetch(string $key, array $reference): ?Fetched
    {
        return $this->find($key, $reference);
    }

    protected function payload(string $key, array $event): ?array
    {
        if (!$event['external']) {
            return [$event['data']];
        }
        $found = $this->find($key, $event['data']);

        return $found === null ? null : [$found->payload];
    }
}
