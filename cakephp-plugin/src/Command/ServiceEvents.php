<?php
declare(strict_types=1);

namespace Sse\Command;

use Cake\Log\Engine\ArrayLog;
use Cake\Log\Log;
use RuntimeException;
use Sse\Service\SseService;
use Sse\Tools\Events;

/**
 * The application's events, for the commands: by the engine that is configured.
 *
 * @internal
 */
final class ServiceEvents implements Events
{
    public function push(string $key, mixed $data): ?string
    {
        // Why a push was not kept is told to the log alone.
        Log::setConfig(self::class, ['className' => ArrayLog::class]);
        try {
            if (!SseService::push($key, $data)) {
                /** @var \Cake\Log\Engine\ArrayLog $log */
                $log = Log::engine(self::class);
                throw new RuntimeException(implode("\n", $log->read()) ?: 'The push was not kept.');
            }
        } finally {
            Log::drop(self::class);
        }

        return null;
    }

    public function read(string $key, ?string $after, int $limit): array
    {
        $events = [];
        foreach (SseService::read($key, $after, $limit) as $found) {
            $name = is_array($found['data']) ? $found['data']['event'] ?? null : null;
            $events[] = [
                'id' => $found['id'],
                // The id begins with the time, in milliseconds.
                'time' => (int)$found['id'] / 1000,
                'event' => is_string($name) && $name !== '' ? $name : null,
                'data' => $found['data'],
                'gap' => $found['gap'] ?? false,
            ];
        }

        return $events;
    }

    public function status(): array
    {
        return SseService::status();
    }
}
