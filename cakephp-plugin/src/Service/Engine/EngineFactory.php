<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Cake\Core\Configure;
use InvalidArgumentException;
use Sse\Service\Payload\CachePayloadStrategy;
use Sse\Service\Payload\DatabasePayloadStrategy;
use Sse\Service\Payload\PayloadStrategyInterface;
use Sse\Service\Payload\RedisCachePayloadStrategy;
use Sse\Service\Payload\RedisPayloadStrategy;
use Sse\Service\RedisDsn;
use Sse\Service\Settings;
use Sse\Service\Signal\FileSignalStrategy;
use Sse\Service\Signal\SignalStrategyInterface;
use Sse\Service\SseService;
use Sse\Service\Store;

/**
 * Makes the engine that the configuration names.
 *
 * @internal
 */
final class EngineFactory
{
    private const PAYLOADS = [
        // Needs no class.
        SseService::PAYLOAD_NATIVE_ENGINE => '',
        SseService::PAYLOAD_CACHE_ENGINE => CachePayloadStrategy::class,
        SseService::PAYLOAD_DATABASE_ENGINE => DatabasePayloadStrategy::class,
        SseService::PAYLOAD_REDIS_ENGINE => RedisPayloadStrategy::class,
    ];

    private const SIGNALS = [
        SseService::SIGNAL_FILE_ENGINE => FileSignalStrategy::class,
        // The native store's own signal is that of its files.
        SseService::PAYLOAD_NATIVE_ENGINE => FileSignalStrategy::class,
    ];

    /**
     * @throws \InvalidArgumentException for a wrong configuration
     */
    public static function configured(): Engine
    {
        Settings::assertKnown((array)Configure::read('Sse'));
        $signal = Settings::read('signal_engine');
        $payload = Settings::read('payload_engine')
            ?? ($signal === null ? SseService::PAYLOAD_NATIVE_ENGINE : SseService::PAYLOAD_CACHE_ENGINE);
        $signal = self::strategy('signal', $signal ?? SseService::SIGNAL_FILE_ENGINE, SignalStrategyInterface::class);
        $isOwn = !$signal instanceof FileSignalStrategy;
        $isRedis = RedisDsn::isEngine($payload);
        // A test's own store stands in for each.
        $hasStore = RedisDsn::isThere() || !Store::instance()->isShared();
        if ($payload === SseService::PAYLOAD_NATIVE_ENGINE || $isRedis && $hasStore) {
            if (!$isOwn && $signal::class !== FileSignalStrategy::class) {
                throw new InvalidArgumentException(sprintf(
                    'SSE: the signal engine %s is a FileSignalStrategy, which the payload engine "%s" is by itself;'
                    . ' leave out Sse.signal_engine, or implement SignalStrategyInterface instead.',
                    $signal::class,
                    $payload,
                ));
            }
            $engine = new NativeEngine();
        } else {
            $payloads = $isRedis
                ? new RedisCachePayloadStrategy()
                : self::strategy('payload', $payload, PayloadStrategyInterface::class);
            if ($payloads instanceof DatabasePayloadStrategy) {
                return new DatabaseEngine(new PayloadRows(), $isOwn ? $signal : null);
            }
            $engine = new StrategyEngine($payloads, $isOwn ? null : $signal);
        }

        return $isOwn ? new SignalEngine($engine, $signal) : $engine;
    }

    /**
     * @template T of object
     * @param 'payload'|'signal' $kind
     * @param mixed $value An engine's name or a class.
     * @param class-string<T> $interface What the class has to be.
     * @return T
     */
    private static function strategy(string $kind, mixed $value, string $interface): object
    {
        $names = $kind === 'payload' ? self::PAYLOADS : self::SIGNALS;
        $class = is_string($value) ? $names[$value] ?? $value : '';
        if (!class_exists($class)) {
            throw new InvalidArgumentException(sprintf(
                'SSE: Sse.%s_engine is %s, which is neither a class nor one of: %s.',
                $kind,
                is_string($value) ? "\"$value\"" : get_debug_type($value),
                implode(', ', array_keys($names)),
            ));
        }
        $strategy = new $class();
        if (!$strategy instanceof $interface) {
            throw new InvalidArgumentException(
                "SSE: Sse.{$kind}_engine is $class, which does not implement $interface.",
            );
        }

        return $strategy;
    }
}
