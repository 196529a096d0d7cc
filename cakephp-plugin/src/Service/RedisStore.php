<?php
declare(strict_types=1);

namespace Sse\Service;

/**
 * The store in Redis that `Sse.redis_config` names, whatever the application's own is.
 *
 * @internal
 */
final class RedisStore extends Store
{
    /**
     * @return string
     */
    protected function dsn(): string
    {
        $this->requireExtension();

        return RedisDsn::configured();
    }
}
