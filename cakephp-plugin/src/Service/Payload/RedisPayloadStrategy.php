<?php
declare(strict_types=1);

namespace Sse\Service\Payload;

use Cake\Core\Exception\CakeException;

/**
 * The engine `redis`, which comes with the next version.
 */
class RedisPayloadStrategy implements PayloadStrategyInterface
{
    /**
     * @throws \Cake\Core\Exception\CakeException always
     */
    public function __construct()
    {
        throw new CakeException(
            'SSE: the payload engine "redis" comes with the next version of this plugin. Until then leave out'
            . ' Sse.payload_engine and Sse.signal_engine for "native", or set Sse.payload_engine to "cache".',
        );
    }

    /**
     * @inheritDoc
     */
    public function store(string $key, mixed $data): bool
    {
        return false;
    }

    /**
     * @inheritDoc
     */
    public function fetch(string $key): mixed
    {
        return null;
    }
}
