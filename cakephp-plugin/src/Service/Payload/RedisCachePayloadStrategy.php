<?php
declare(strict_types=1);

namespace Sse\Service\Payload;

use Sse\Service\RedisDsn;

/**
 * The engine `redis` in plain PHP, which has no store in Redis: payloads are in the cache that `Sse.redis_config`
 * names, their order in the store.
 *
 * @internal
 */
final class RedisCachePayloadStrategy extends CachePayloadStrategy
{
    /**
     * @throws \InvalidArgumentException when no cache of Redis is named
     */
    public function __construct()
    {
        $this->configName = RedisDsn::cacheName();
    }
}
