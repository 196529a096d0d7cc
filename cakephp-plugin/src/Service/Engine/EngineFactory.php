<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Cake\Core\Configure;
use InvalidArgumentException;
use Sse\Service\Payload\CachePayloadStrategy;
use Sse\Service\Payload\DatabasePayloadStrategy;
use Sse\Service\Payload\PayloadStrategyInterface;
use Sse\Service\Payload\RedisPayloadStrategy;
use Sse\Service\RedisDsn;
use Sse\Service\Settings;
use Sse\Service\Signal\FileSignalStrategy;
use Sse\Service\Signal\SignalStrategyInterface;
use Sse\Service\SseService;

/**
 * Makes the engine that the configuration names.
 *
 * @internal
 */
final class EngineFactory
{
    private const PAYLOADS = [
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
        $payload = Settings::read('payload_engine');
        $signal = Settings::read('signal_engine');
        $signals = self::strategy(
            'Sse.signal_engine',
            $signal ?? SseService::SIGNAL_FILE_ENGINE,
            self::SIGNALS,
            SignalStrategyInterface::class,
        );
        $isNative = $payload === null && $signal === null
            || $payload === SseService::PAYLOAD_NATIVE_ENGINE
            || RedisDsn::isEngine($payload);
        if ($isNative) {
            self::assertNoSubclass($signals, $payload);
            $engine = new NativeEngine();
        } else {
            $payloads = self::strategy(
                'Sse.payload_engine',
                $payload ?? SseService::PAYLOAD_CACHE_ENGINE,
                self::PAYLOADS,
                PayloadStrategyInterface::class,
            );
            if ($payloads instanceof DatabasePayloadStrategy) {
                return new DatabaseEngine($payloads->rows(), $signals);
            }
            $engine = new StrategyEngine($payloads, $signals instanceof FileSignalStrategy ? $signals : null);
        }

        return $signals instanceof FileSignalStrategy ? $engine : new SignalEngine($engine, $signals);
    }

    /**
     * @param mixed $payload The payload engine's name or class.
     */
    private static function assertNoSubclass(SignalStrategyInterface $signals, mixed $payload): void
    {
        if ($signals instanceof FileSignalStrategy && $signals::class !== FileSignalStrategy::class) {
            throw new InvalidArgumentException(sprintf(
                'SSE: the signal engine %s is a FileSignalStrategy, which the payload engine "%s" is by itself;'
                . ' leave out Sse.signal_engine, or implement SignalStrategyInterface instead.',
                $signals::class,
                $payload,
            ));
        }
    }

    /**
     * @template T of object
     * @param string $setting The setting's name.
     * @param mixed $value An engine's name or a class.
     * @param array<string, class-string> $names The engines' names and classes.
     * @param class-string<T> $interface What the class has to be.
     * @return T
     */
    private static function strategy(string $setting, mixed $value, array $names, string $interface): object
    {
        $known = array_keys($names);
        if ($setting === 'Sse.payload_engine') {
            array_unshift($known, SseService::PAYLOAD_NATIVE_ENGINE);
        }
        $class = is_string($value) ? $names[$value] ?? $value : '';
        if (!class_exists($class)) {
            throw new InvalidArgumentException(sprintf(
                'SSE: %s is %s, which is neither a class nor one of: %s.',
                $setting,
                is_string($value) ? "\"$value\"" : get_debug_type($value),
                implode(', ', $known),
            ));
        }
        $strategy = new $class();
        if (!$strategy instanceof $interface) {
            throw new InvalidArgumentException("SSE: $setting is $class, which does not implement $interface.");
        }

        return $strategy;
    }
}
