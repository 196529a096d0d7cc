<?php
declare(strict_types=1);

namespace Sse\Service;

use Closure;
use Sse\Service\Engine\EngineFactory;

/**
 * Pushes events to the streams of a key, from anywhere in the application.
 *
 * Configured by `Sse.payload_engine` and `Sse.signal_engine`: the name of an engine below, or a class of your own.
 * With neither of them it is `native`; one alone keeps the other at `cache` and `file`. A wrong configuration is an
 * `InvalidArgumentException` of each method.
 */
class SseService
{
    public const PAYLOAD_CACHE_ENGINE = 'cache';
    public const PAYLOAD_DATABASE_ENGINE = 'database';
    public const PAYLOAD_REDIS_ENGINE = 'redis';
    public const PAYLOAD_NATIVE_ENGINE = 'native';

    public const SIGNAL_FILE_ENGINE = 'file';

    private static ?EventService $service = null;

    private static ?Closure $listener = null;

    /**
     * Keeps a payload and sends it to all streams of the key; answers whether it was kept.
     *
     * @see \Sse\Service\EventServiceInterface::push()
     */
    public static function push(string $key, mixed $payload): bool
    {
        return self::service()->push($key, $payload);
    }

    /**
     * Looks for something newer in a key: the newest payload after a time, or the first after an id.
     *
     * @return array{time: int, data: mixed, id: string, gap?: true}|null
     * @see \Sse\Service\EventServiceInterface::check()
     */
    public static function check(string $key, int|string $lastKnownTime): ?array
    {
        return self::service()->check($key, $lastKnownTime);
    }

    /**
     * The events of a key that are kept, oldest first; with a negative limit so many of the newest.
     *
     * @return list<array{time: int, data: mixed, id: string, gap?: true}>
     * @see \Sse\Service\EventServiceInterface::read()
     */
    public static function read(string $key, ?string $after = null, int $limit = 100): array
    {
        return self::service()->read($key, $after, $limit);
    }

    /**
     * "Now", for a page whose stream is to begin right here: `?lastEventId=` in its address.
     *
     * @param list<string>|string $keys
     * @see \Sse\Service\EventServiceInterface::cursor()
     */
    public static function cursor(array|string $keys): string
    {
        return self::service()->cursor($keys);
    }

    /**
     * What serves this process, and what is wrong with it.
     *
     * @return array<string, mixed>
     * @see \Sse\Service\EventServiceInterface::status()
     */
    public static function status(): array
    {
        return self::service()->status();
    }

    /**
     * Forgets the engines, so that a changed configuration counts. For tests.
     */
    public static function reset(): void
    {
        self::$service = null;
    }

    /**
     * The same as an object, as the container has it by its interface.
     *
     * @throws \InvalidArgumentException for a wrong configuration
     */
    public static function service(): EventService
    {
        return self::$service ??= new EventService(
            EngineFactory::configured(),
            fn(string $key, mixed $payload): mixed => self::$listener?->__invoke($key, $payload),
        );
    }

    /**
     * Tells each push that is made, for tests; null stops it.
     *
     * @internal
     * @param \Closure(string, mixed): void|null $listener Gets key and payload.
     */
    public static function listen(?Closure $listener): void
    {
        self::$listener = $listener;
    }
}
