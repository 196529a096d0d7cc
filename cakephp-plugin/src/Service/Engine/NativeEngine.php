<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Sse\Service\Store;

/**
 * Payloads in the extension's own store, as JSON.
 *
 * @internal
 */
final class NativeEngine extends Engine
{
    public function push(string $key, mixed $payload): bool
    {
        Store::instance()->push($key, $payload);

        return true;
    }

    public function sendAgain(string $key): bool
    {
        $newest = Store::instance()->newest($key);
        if ($newest === null || $newest['external']) {
            return false;
        }
        // Who pushes meanwhile has sent a newer one.
        Store::instance()->push($key, $newest['data'], after: $newest['id']);

        return true;
    }

    protected function payload(string $key, array $event): ?array
    {
        return $event['external'] ? null : [$event['data']];
    }
}
