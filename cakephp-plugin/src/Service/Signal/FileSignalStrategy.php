<?php
declare(strict_types=1);

namespace Sse\Service\Signal;

use Sse\Service\Engine\ReferenceLog;
use Sse\Service\SseService;
use Sse\Service\Store;

/**
 * The store's own signal: streams wake when a file of it grows, and needn't be asked.
 */
class FileSignalStrategy implements SignalStrategyInterface
{
    /**
     * Wakes the key's streams; they send the last payload once more.
     *
     * @throws \Sse\StoreException when the store fails
     */
    public function touch(string $key): void
    {
        if (!SseService::service()->engine->sendAgain($key)) {
            (new ReferenceLog($key))->add(null);
        }
    }

    /**
     * When the key's newest event was stored.
     *
     * @return int Seconds since 1970, 0 if there is none.
     * @throws \Sse\StoreException when the store fails
     */
    public function getLastModified(string $key): int
    {
        return (int)(Store::instance()->newest($key)['time'] ?? 0);
    }
}
