<?php
declare(strict_types=1);

namespace Sse\Service;

use Cake\Core\Configure;
use Cake\Core\Exception\CakeException;
use Cake\Database\Connection;
use Cake\Datasource\ConnectionManager;
use Cake\Log\Log;
use Closure;
use InvalidArgumentException;
use Sse\Service\Engine\DatabaseEngine;
use Sse\Service\Engine\Engine;
use Sse\Service\Engine\NativeEngine;
use Sse\Service\Engine\StrategyEngine;
use Sse\Service\Engine\UnknownClass;
use Sse\Service\Payload\CachePayloadStrategy;
use Sse\Service\Payload\DatabasePayloadStrategy;
use Sse\Service\Payload\PayloadStrategyInterface;
use Sse\Service\Payload\RedisPayloadStrategy;
use Sse\Service\Signal\FileSignalStrategy;
use Sse\Service\Signal\SignalStrategyInterface;
use Sse\StoreException;
use Throwable;

/**
 * Pushes events to the streams of a key, from anywhere in the application.
 *
 * Configured by `Sse.payload_engine` and `Sse.signal_engine`: the name of an engine below, or a class of your own.
 * With neither of them it is `native`; one alone keeps the other at `cache` and `file`.
 */
class SseService
{
    public const PAYLOAD_CACHE_ENGINE = 'cache';
    public const PAYLOAD_DATABASE_ENGINE = 'database';
    public const PAYLOAD_REDIS_ENGINE = 'redis';
    public const PAYLOAD_NATIVE_ENGINE = 'native';

    public const SIGNAL_FILE_ENGINE = 'file';

    private const PAYLOAD_CLASSES = [
        self::PAYLOAD_CACHE_ENGINE => CachePayloadStrategy::class,
        self::PAYLOAD_DATABASE_ENGINE => DatabasePayloadStrategy::class,
        self::PAYLOAD_REDIS_ENGINE => RedisPayloadStrategy::class,
    ];

    private const SIGNAL_CLASSES = [
        self::SIGNAL_FILE_ENGINE => FileSignalStrategy::class,
        // The native store's own signal is that of its files.
        self::PAYLOAD_NATIVE_ENGINE => FileSignalStrategy::class,
    ];

    private static ?Engine $engine = null;

    private static ?Closure $listener = null;

    /**
     * Keeps a payload and sends it to all streams of the key.
     *
     * An array or object whose `event` is a non-empty string names the event by it. Inside a transaction of the
     * connection `default` it waits for the commit, and is dropped by a rollback, where CakePHP can tell (from 5.4;
     * a rollback to a savepoint alone drops nothing); with an older CakePHP push after the commit, for example from
     * `Model.afterSaveCommit`.
     *
     * @param string $key The key, 1 to 1024 bytes.
     * @param mixed $payload What json_encode() takes.
     * @return bool Whether it was kept; why not is in the log. One that waits for a commit counts as kept.
     * @throws \InvalidArgumentException for a key or payload that can't be sent, or a wrong configuration
     */
    public static function push(string $key, mixed $payload): bool
    {
        $class = UnknownClass::in($payload);
        if ($class !== null) {
            throw new InvalidArgumentException(
                "the payload has an object of the class $class, which was not known when it was unserialized: it would"
                . ' be sent with all that the class hides; load the class, or push an array',
            );
        }
        $engine = static::engine();
        $afterCommit = $engine->sharesTransaction() ? null : self::afterCommit();
        if ($afterCommit === null) {
            return self::deliver($engine, $key, $payload);
        }
        try {
            if (!$engine->accepts($key, $payload)) {
                return false;
            }
        } catch (StoreException $exception) {
            self::logFailure($key, $exception);

            return false;
        }
        $afterCommit(function () use ($engine, $key, $payload): void {
            try {
                self::deliver($engine, $key, $payload);
            } catch (Throwable $exception) {
                // What was committed stays so; the caller of commit() is not the one to mend this.
                self::logFailure($key, $exception);
            }
        });

        return true;
    }

    /**
     * Looks for something newer in a key.
     *
     * With a time in seconds it finds the newest payload, if a later second brought one. With an event's id it finds
     * the first event after that, so that asking again and again with the id it answers gives each of them once;
     * `gap` is true where some before it are not kept any more. It is true as well where the payload itself isn't:
     * then `data` is null.
     *
     * @param string $key The key.
     * @param string|int $lastKnownTime The time or the id that the last answer had; 0 at the beginning.
     * @return array{time: int, data: mixed, id: string, gap?: true}|null null if there is nothing newer
     * @throws \InvalidArgumentException for a key or id that can't be one, or a wrong configuration
     * @throws \Sse\StoreException when the store can't be read
     */
    public static function check(string $key, int|string $lastKnownTime): ?array
    {
        return static::engine()->check($key, $lastKnownTime);
    }

    /**
     * Forgets the engines, so that a changed configuration counts. For tests.
     *
     * @return void
     */
    public static function reset(): void
    {
        self::$engine = null;
    }

    /**
     * The engine that the configuration names.
     *
     * @internal
     * @return \Sse\Service\Engine\Engine
     * @throws \InvalidArgumentException for a wrong configuration
     */
    public static function engine(): Engine
    {
        return self::$engine ??= self::configured(
            Configure::read('Sse.payload_engine'),
            Configure::read('Sse.signal_engine'),
        );
    }

    /**
     * Tells each push that is made, for tests; null stops it.
     *
     * @internal
     * @param \Closure(string, mixed): void|null $listener Gets key and payload.
     * @return void
     */
    public static function listen(?Closure $listener): void
    {
        self::$listener = $listener;
    }

    /**
     * @param \Sse\Service\Engine\Engine $engine The engine.
     * @param string $key The key.
     * @param mixed $payload The payload.
     * @return bool whether it was kept
     */
    private static function deliver(Engine $engine, string $key, mixed $payload): bool
    {
        try {
            $isKept = $engine->push($key, $payload);
        } catch (StoreException $exception) {
            self::logFailure($key, $exception);

            return false;
        }
        if ($isKept && self::$listener !== null) {
            (self::$listener)($key, $payload);
        }

        return $isKept;
    }

    /**
     * @param string $key The key.
     * @param \Throwable $exception Why it was not kept.
     * @return void
     */
    private static function logFailure(string $key, Throwable $exception): void
    {
        $key = Store::quoted($key);
        Log::error("SSE: a push to the key $key was not kept: {$exception->getMessage()}");
    }

    /**
     * What runs a closure after the commit, if there is a transaction and CakePHP can tell of its end.
     *
     * @return \Closure(\Closure): mixed|null
     */
    private static function afterCommit(): ?Closure
    {
        if (!Store::instance()->isShared()) {
            // A test's own transaction would never be committed.
            return null;
        }
        try {
            $connection = ConnectionManager::get('default');
        } catch (CakeException) {
            // There is no such connection, or no driver for it: then there is no transaction either.
            return null;
        }
        if (!$connection instanceof Connection || !method_exists($connection, 'afterCommit')) {
            return null;
        }

        return $connection->inTransaction() ? $connection->afterCommit(...) : null;
    }

    /**
     * @param mixed $payload What is configured as payload engine.
     * @param mixed $signal What is configured as signal engine.
     * @return \Sse\Service\Engine\Engine
     */
    private static function configured(mixed $payload, mixed $signal): Engine
    {
        Settings::assertKnown((array)Configure::read('Sse'));
        if ($payload === null && $signal === null) {
            return new NativeEngine();
        }
        if ($payload === self::PAYLOAD_NATIVE_ENGINE || RedisDsn::isEngine($payload)) {
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
            $payload ?? self::PAYLOAD_CACHE_ENGINE,
            self::PAYLOAD_CLASSES,
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
            $signal ?? self::SIGNAL_FILE_ENGINE,
            self::SIGNAL_CLASSES,
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
            array_unshift($known, self::PAYLOAD_NATIVE_ENGINE);
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
