<?php
declare(strict_types=1);

namespace Sse\Service;

use Cake\Cache\Cache;
use Cake\Cache\Engine\RedisEngine;
use Cake\Core\App;
use Cake\Core\Configure;
use Closure;
use InvalidArgumentException;
use ReflectionClass;
use SensitiveParameter;
use Sse\Service\Payload\RedisPayloadStrategy;

/**
 * Where the engine `redis` keeps its events: the data source name of what `Sse.redis_config` names.
 *
 * Always true: what may have a password in it is not shown in the trace of an exception (from PHP 8.2 on).
 *
 * @internal
 */
final class RedisDsn
{
    /**
     * The time-outs that the extension takes, in seconds.
     */
    private const TIMEOUTS = [0.05, 60.0];

    /**
     * Whether the configuration wants events in Redis.
     *
     * @return bool
     */
    public static function isWanted(): bool
    {
        return self::isEngine(Configure::read('Sse.payload_engine'));
    }

    /**
     * @param mixed $engine A payload engine's name or class.
     * @return bool whether it is this one
     */
    public static function isEngine(mixed $engine): bool
    {
        return is_string($engine)
            && ($engine === SseService::PAYLOAD_REDIS_ENGINE || is_a($engine, RedisPayloadStrategy::class, true));
    }

    /**
     * Whether other machines have the same store.
     *
     * @return bool
     */
    public static function isConfigured(): bool
    {
        return self::isWanted() || self::isDsn(Configure::read('Sse.dsn'));
    }

    /**
     * @param mixed $text What may be one.
     * @return bool whether it is a data source name of Redis
     * @phpstan-assert-if-true string $text
     */
    public static function isDsn(
        #[SensitiveParameter]
        mixed $text,
    ): bool {
        return is_string($text) && preg_match('~^redis(s|\+unix)?://~', $text) === 1;
    }

    /**
     * The data source name that `Sse.redis_config` is, or that of the cache configuration which it names.
     *
     * @return string
     * @throws \InvalidArgumentException when it can't be used
     */
    public static function configured(): string
    {
        $name = Configure::read('Sse.redis_config');
        foreach ([$name, $name === null ? Configure::read('Sse.dsn') : null] as $dsn) {
            if (self::isDsn($dsn)) {
                return $dsn;
            }
        }
        $name ??= 'default';
        $config = is_string($name) ? Cache::getConfig($name) : null;
        if (!is_array($config)) {
            throw new InvalidArgumentException(sprintf(
                'SSE: Sse.redis_config is %s, which is neither a cache configuration nor a data source name such as'
                . ' "redis://localhost:6379/0". %s',
                // What is before an @ is a user's.
                is_string($name) ? '"' . preg_replace('/^.*@/s', '***@', $name) . '"' : get_debug_type($name),
                Settings::caches($name, Cache::configured()),
            ));
        }
        $class = $config['className'] ?? null;
        if ($class instanceof RedisEngine) {
            $config += $class->getConfig();
            $class = $class::class;
        }
        $class = is_string($class) ? App::className($class, 'Cache/Engine', 'Engine') : null;
        if ($class === null || !is_a($class, RedisEngine::class, true)) {
            throw new InvalidArgumentException(
                "SSE: the cache configuration \"$name\" is not one of Redis. Name one in Sse.redis_config whose"
                . ' className is "Redis", or set it to a data source name such as "redis://localhost:6379/0".',
            );
        }

        return self::of($config, ROOT, $class);
    }

    /**
     * The data source name of a cache configuration.
     *
     * What is kept has a prefix that begins otherwise than the cache's names: clearing the cache leaves it.
     *
     * @param array<string, mixed> $config What RedisEngine is configured with.
     * @param string $root The application's directory, which stands in for a prefix.
     * @param class-string<\Cake\Cache\Engine\RedisEngine> $class The cache's class.
     * @return string
     * @throws \InvalidArgumentException for settings that have no counterpart
     */
    public static function of(
        #[SensitiveParameter]
        array $config,
        string $root,
        string $class = RedisEngine::class,
    ): string {
        foreach (['nodes', 'clusterName', 'cluster'] as $setting) {
            if (!empty($config[$setting])) {
                throw new InvalidArgumentException(
                    "SSE: the engine \"redis\" has no clusters ($setting); name a cache configuration of one server in"
                    . ' Sse.redis_config, or set it to a data source name such as "redis://localhost:6379/0".',
                );
            }
        }
        foreach (['ssl_key', 'ssl_cert'] as $setting) {
            if (!empty($config[$setting])) {
                throw new InvalidArgumentException(
                    "SSE: the engine \"redis\" has no client certificates ($setting); use a password.",
                );
            }
        }
        $text = fn(string $name): string => is_scalar($config[$name] ?? null) ? (string)$config[$name] : '';
        $prefix = $text('prefix');
        $parameters = [
            'prefix' => 'sse:' . ($prefix === '' ? substr(hash('sha256', $root), 0, 16) : $prefix) . ':',
        ];
        if ((float)$text('timeout') > 0) {
            $parameters['timeout'] = (string)min(max((float)$text('timeout'), self::TIMEOUTS[0]), self::TIMEOUTS[1]);
        }
        if ((int)$text('database') !== 0) {
            $parameters['db'] = (string)(int)$text('database');
        }
        if ($text('password') !== '') {
            if ($text('username') !== '' && self::sendsUsername($class)) {
                $parameters['username'] = $text('username');
            }
            $parameters['password'] = $text('password');
        }
        [$place, $isTls] = self::place($config, $text);
        if ($isTls && $text('ssl_ca') !== '') {
            $parameters['tls_ca'] = $text('ssl_ca');
        }

        return $place . '?' . http_build_query($parameters, '', '&', PHP_QUERY_RFC3986);
    }

    /**
     * Whether a cache takes a user name. CakePHP 5.1's takes none and sends the password alone: a name that stands in
     * its address means nothing.
     *
     * @param class-string<\Cake\Cache\Engine\RedisEngine> $class The cache's class.
     * @return bool
     */
    private static function sendsUsername(string $class): bool
    {
        $defaults = (new ReflectionClass($class))->getDefaultProperties()['_defaultConfig'] ?? [];

        return is_array($defaults) && array_key_exists('username', $defaults);
    }

    /**
     * @param array<string, mixed> $config What RedisEngine is configured with.
     * @param \Closure(string): string $text Reads a setting.
     * @return array{string, bool} the data source name without parameters, and whether it is one of TLS
     */
    private static function place(
        #[SensitiveParameter]
        array $config,
        #[SensitiveParameter]
        Closure $text,
    ): array {
        $host = $text('unix_socket') ?: $text('host') ?: $text('server') ?: '127.0.0.1';
        $isTls = ($config['tls'] ?? false) === true;
        if (preg_match('~^(tls|ssl|tcp|unix)://(.*)$~', $host, $matches)) {
            $isTls = $isTls || in_array($matches[1], ['tls', 'ssl'], true);
            $host = $matches[2];
        }
        if (str_starts_with($host, '/') || $text('unix_socket') !== '') {
            $path = implode('/', array_map(rawurlencode(...), explode('/', $host)));

            return ["redis+unix://$path", false];
        }
        if (str_contains($host, ':') && !str_starts_with($host, '[')) {
            $host = "[$host]";
        }
        $port = (int)$text('port') ?: 6379;

        return [($isTls ? 'rediss' : 'redis') . "://$host:$port", $isTls];
    }
}
