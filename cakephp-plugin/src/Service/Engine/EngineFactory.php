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
        if ($payload === null && $signal === null) {
            return new NativeEngine();
        }
        if ($payload === SseService::PAYLOAD_NATIVE_ENGINE || RedisDsn::isEngine($payload)) {
            $signals = self::signals($signal);
            if ($signals::class === FileSignalStrategy::class) {
                return new NativeEngine();
            }
            if ($signals instanceof FileSignalStrategy) {
                throw new InvalidArgumentException(sprintf(
                    'SSE: the signal engine %s is a FileSignalStrategy, which the payload engine "%s" is by itself;'
                    . ' leave out Sse.signal_engine, or implement SignalStrategyInterface instead.',
                    $signals::class,
                    $payload,
                ));
            }

            return new NativeEngine($signals);
        }

        $payloads = self::strategy(
            'Sse.payload_engine',
            $payload ?? SseService::PAYLOAD_CACHE_ENGINE,
            self::PAYLOADS,
            PayloadStrategyInterface::class,
        );
        $signals = self::signals($signal);

        if (RedisDsn::isDsn(Configure::read('Sse.dsn'))) {
            self::assertSharedLog($payloads, $signals);
        }

        return $payloads instanceof DatabasePayloadStrategy
            ? new DatabaseEngine($payloads->rows(), $signals)
            : new StrategyEngine($payloads, $signals);
    }

    /**
     * @param mixed $signal What is configured as signal engine.
     * @return \Sse\Service\Signal\SignalStrategyInterface
     */
    private static function signals(mixed $signal): SignalStrategyInterface
    {
        return self::strategy(
            'Sse.signal_engine',
            $signal ?? SseService::SIGNAL_FILE_ENGINE,
            self::SIGNALS,
            SignalStrategyInterface::class,
        );
    }

    /**
     * Says what can't note its references in Redis: what each machine finds out for itself, it would note there once
     * more.
     *
     * @param \Sse\Service\Payload\PayloadStrategyInterface $payloads The payload engine.
     * @param \Sse\Service\Signal\SignalStrategyInterface $signals The signal engine.
     * @return void
     * @throws \InvalidArgumentException
     */
    private static function assertSharedLog(PayloadStrategyInterface $payloads, SignalStrategyInterface $signals): void
    {
        if ($payloads instanceof DatabasePayloadStrategy) {
            throw new InvalidArgumentException(
                'SSE: the payload engine "database" keeps a log on each machine, and Sse.dsn names one in Redis; leave'
                . ' it out, or set Sse.payload_engine to "redis".',
            );
        }
        if (!$signals instanceof FileSignalStrategy) {
            throw new InvalidArgumentException(sprintf(
                'SSE: each machine asks the signal engine %s, and notes changes in a log of its own, and Sse.dsn names'
                . ' one in Redis, where each change would be noted by every machine; leave out Sse.dsn, or'
                . ' Sse.signal_engine.',
                $signals::class,
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
