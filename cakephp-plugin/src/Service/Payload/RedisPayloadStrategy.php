<?php
declare(strict_types=1);

namespace Sse\Service\Payload;

use Sse\Service\RedisDsn;
use Sse\Service\Store;
use Sse\StoreException;

/**
 * Payloads in the extension's own store in Redis, which `Sse.redis_config` names.
 *
 * The engine `redis` is that store itself: it needs no signal besides.
 */
class RedisPayloadStrategy implements PayloadStrategyInterface
{
    /**
     * Pushes the payload: streams of the key get it.
     *
     * @inheritDoc
     */
    public function store(string $key, mixed $data): bool
    {
        try {
            $this->events()->push($key, $data);
        } catch (StoreException) {
            return false;
        }

        return true;
    }

    /**
     * @inheritDoc
     */
    public function fetch(string $key): mixed
    {
        return $this->events()->newest($key)['data'] ?? null;
    }

    private function events(): Store
    {
        $store = Store::instance();

        return $store->isShared() ? new Store(RedisDsn::configured()) : $store;
    }
}
