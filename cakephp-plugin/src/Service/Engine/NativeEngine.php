<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use InvalidArgumentException;
use Sse\Service\Store;

/**
 * Payloads in the extension's own store, as JSON.
 *
 * @internal
 */
final class NativeEngine extends Engine
{
    /**
     * What `sse.max_payload` may end with, and what that stands for.
     */
    private const UNITS = ['K' => 1 << 10, 'M' => 1 << 20, 'G' => 1 << 30];

    /**
     * @inheritDoc
     */
    public function accepts(string $key, mixed $payload): bool
    {
        $isAccepted = parent::accepts($key, $payload);
        $length = strlen((string)json_encode($payload));
        $limit = trim((string)ini_get('sse.max_payload'));
        $limit = (int)$limit * (self::UNITS[strtoupper(substr($limit, -1))] ?? 1);
        if ($length > $limit) {
            throw new InvalidArgumentException(
                "the event's data is $length bytes of JSON, the limit is $limit; raise sse.max_payload or push a"
                . ' reference that beforeSend resolves',
            );
        }

        return $isAccepted;
    }

    /**
     * @inheritDoc
     */
    public function push(string $key, mixed $payload): bool
    {
        Store::instance()->push($key, $payload);

        return true;
    }

    /**
     * @inheritDoc
     */
    protected function payload(string $key, array $event): ?array
    {
        return $event['external'] ? null : [$event['data']];
    }
}
