<?php
declare(strict_types=1);

namespace Sse\Service;

use Cake\Cache\Cache;
use Cake\Cache\Engine\RedisEngine;
use Cake\Core\App;
use Cake\Core\Configure;
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
     * What a cache may be configured with, and the extension has no counterpart for.
     */
    private const REFUSED = [
        'nodes' => 'clusters', 'clusterName' => 'clusters', 'cluster' => 'clusters',
        'ssl_key' => 'client certificates', 'ssl_cert' => 'client certificates',
    ];

    /**
     * Whether a payload engine is `redis`.
     *
     * @param mixed $engine A payload engine's name or class.
     */
    public static function isEngine(mixed $engine): bool
    {
        return is_string($engine)
            && ($engine === SseService::PAYLOAD_REDIS_ENGINE || is_a($engine, RedisPayloadStrategy::class, true));
    }

    /**
     * Whether a store in Redis can be had: plain PHP has none.
     */
    public static function isThere(): bool
    {
        return extension_loaded('sse');
    }

    /**
     * The data source name that `Sse.redis_config` is, or that of the cache configuration which it names.
     *
     * @throws \InvalidArgumentException when it can't be used
     */
    public static function configured(): string
    {
        $dsn = self::own();
        if ($dsn !== null) {
            return $dsn;
        }
        [, $config, $class] = self::cache();

        return self::of($config, ROOT, $class);
    }

    /**
     * The name of the cache configuration that is used where there is no store in Redis.
     *
     * @throws \InvalidArgumentException when there is none
     */
    public static function cacheName(): string
    {
        if (self::own() !== null) {
            throw new InvalidArgumentException(
                'SSE: a data source name of Redis is configured, and the store that it names is in the PHP extension'
                . ' "sse", which is not loaded. Install it, or name a cache configuration of CakePHP\'s Redis in'
                . ' Sse.redis_config: in plain PHP the payloads are kept there.',
            );
        }

        return self::cache()[0];
    }

    /**
     * The data source name that is configured itself, not as a cache.
     */
    private static function own(): ?string
    {
        $dsn = Configure::read('Sse.redis_config') ?? Configure::read('Sse.dsn');

        return is_string($dsn) && preg_match('~^redis(s|\+unix)?://~', $dsn) === 1 ? $dsn : null;
    }

    /**
     * The cache configuration that `Sse.redis_config` names.
     *
     * @return array{string, array<string, mixed>, class-string<\Cake\Cache\Engine\RedisEngine>} its name, its settings,
     *   and the cache's class
     */
    private static function cache(): array
    {
        $name = Configure::read('Sse.redis_config') ?? 'default';
        $config = is_string($name) ? Cache::getConfig($name) : null;
        if (!is_array($config)) {
            throw new InvalidArgumentException(sprintf(
                'SSE: Sse.redis_config is %s, which is neither a cache configuration nor a data source name such as'
                . ' "redis://localhost:6379/0". %s',
                // What is before an @ is a user's.
                is_string($name) ? '"' . preg_replace('/^.*@/s', '***@', $name) . '"' : get_debug_type($name),
                Settings::caches($name),
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

        return [$name, $config, $class];
    }

    /**
     * The data source name of a cache configuration.
     *
     * What is kept has a prefix that begins otherwise than the cache's names: clearing the cache leaves it.
     *
     * @param array<string, mixed> $config What RedisEngine is configured with.
     * @param string $root The application's directory, which stands in for a prefix.
     * @param class-string<\Cake\Cache\Engine\RedisEngine> $class The cache's class.
     * @throws \InvalidArgumentException for settings that have no counterpart
     */
    public static function of(
        #[SensitiveParameter]
        array $config,
        string $root,
        string $class = RedisEngine::class,
    ): string {
        $set = array_filter($config, fn(mixed $value): bool => !in_array($value, [null, false, '', []], true));
        foreach (array_intersect_key(self::REFUSED, $set) as $setting => $what) {
            throw new InvalidArgumentException(
                "SSE: the engine \"redis\" has no $what ($setting); name a cache configuration of one server, with a"
                . ' password, in Sse.redis_config, or set it to a data source name such as "redis://localhost:6379/0".',
            );
        }
        $timeout = (float)($set['timeout'] ?? 0);
        $hasPassword = isset($set['password']);
        [$place, $isTls] = self::place($set);
        $parameters = [
            'prefix' => 'sse:' . ($set['prefix'] ?? substr(hash('sha256', $root), 0, 16)) . ':',
            'timeout' => $timeout > 0 ? (string)min(max($timeout, self::TIMEOUTS[0]), self::TIMEOUTS[1]) : null,
            'db' => (int)($set['database'] ?? 0) ?: null,
            'username' => $hasPassword && self::sendsUsername($class) ? $set['username'] ?? null : null,
            'password' => $set['password'] ?? null,
            'tls_ca' => $isTls ? $set['ssl_ca'] ?? null : null,
        ];

        // What is null is left out.
        return $place . '?' . http_build_query($parameters, '', '&', PHP_QUERY_RFC3986);
    }

    /**
     * Whether a cache takes a user name. CakePHP 5.1's takes none and sends the password alone: a name that stands in
     * its address means nothing.
     *
     * @param class-string<\Cake\Cache\Engine\RedisEngine> $class
     */
    private static function sendsUsername(string $class): bool
    {
        $defaults = (new ReflectionClass($class))->getDefaultProperties()['_defaultConfig'] ?? [];

        return is_array($defaults) && array_key_exists('username', $defaults);
    }

    /**
     * @param array<string, mixed> $config
     * @return array{string, bool} the data source name without parameters, and whether it is one of TLS
     */
    private static function place(
        #[SensitiveParameter]
        array $config,
    ): array {
        $host = (string)($config['unix_socket'] ?? $config['host'] ?? $config['server'] ?? '127.0.0.1');
        $isTls = ($config['tls'] ?? false) === true;
        if (preg_match('~^(tls|ssl|tcp|unix)://(.*)$~', $host, $matches)) {
            $isTls = $isTls || in_array($matches[1], ['tls', 'ssl'], true);
            $host = $matches[2];
        }
        if (str_starts_with($host, '/') || isset($config['unix_socket'])) {
            return ['redis+unix://' . implode('/', array_map(rawurlencode(...), explode('/', $host))), false];
        }
        if (str_contains($host, ':') && !str_starts_with($host, '[')) {
            $host = "[$host]";
        }
        $port = (int)($config['port'] ?? 0) ?: 6379;

        return [($isTls ? 'rediss' : 'redis') . "://$host:$port", $isTls];
    }
}
