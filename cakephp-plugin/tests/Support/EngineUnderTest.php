<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use App\Sse\FileCounter;
use App\Sse\FileValues;
use App\Sse\JournalPayloads;
use Cake\Cache\Engine\RedisEngine;
use Cake\Database\Driver\Mysql;
use Cake\Database\Driver\Postgres as PostgresDriver;
use Sse\InvalidArgumentException;
use Sse\Service\RedisDsn;
use Sse\StoreException;
use Sse\Test\Support\Server\MariaDb;
use Sse\Test\Support\Server\Postgres;
use Sse\Test\Support\Server\Redis;
use Sse\Test\Support\Server\Server;
use function Sse\cursor;

/**
 * A configuration of the plugin that the conformance suite runs over.
 */
final class EngineUnderTest
{
    /**
     * @param array<string, mixed> $sse What `Sse` is in the configuration.
     * @param class-string<\Sse\Test\Support\Server\Server>|null $server What has to run.
     * @param array<string, mixed> $database The connection, if it isn't SQLite.
     * @param array<string, mixed> $cache The cache, if it isn't one of files.
     * @param bool $keepsEach Whether it keeps each payload, not only the last.
     */
    private function __construct(
        public readonly array $sse = [],
        public readonly ?string $server = null,
        private readonly array $database = [],
        private readonly array $cache = [],
        public readonly bool $keepsEach = true,
    ) {
    }

    /**
     * Each engine; a new one is a line.
     *
     * @return array<string, self>
     */
    public static function all(): array
    {
        $database = ['payload_engine' => 'database'];
        // As the application skeleton has it; CakePHP's own default keeps connections.
        $server = ['database' => 'sse', 'password' => '', 'persistent' => false];
        $socket = ['unix_socket' => '%socket'];
        $mysql = $server + ['driver' => Mysql::class, 'username' => 'root'];
        $postgres = $server + ['driver' => PostgresDriver::class, 'username' => 'sse', 'host' => '%directory'];

        return [
            'native' => new self(),
            'cache in files' => new self(['payload_engine' => 'cache']),
            'cache in Redis' => new self(['payload_engine' => 'cache'], Redis::class, cache: $socket),
            'database, SQLite' => new self($database),
            'database, MariaDB' => new self($database, MariaDb::class, $socket + $mysql),
            'database, PostgreSQL' => new self($database, Postgres::class, $postgres),
            'redis' => new self(['payload_engine' => 'redis'], Redis::class, cache: $socket),
            'native and signal' => new self(['payload_engine' => 'native', 'signal_engine' => FileCounter::class]),
            'redis and signal' => new self(
                ['payload_engine' => 'redis', 'signal_engine' => FileCounter::class],
                Redis::class,
                // The other one's events are there still.
                cache: $socket + ['prefix' => 'signal_'],
            ),
            'ordered class' => new self(['payload_engine' => JournalPayloads::class]),
            'ordered class and signal' => new self(
                ['payload_engine' => JournalPayloads::class, 'signal_engine' => FileCounter::class],
            ),
            'cache and signal' => new self(['payload_engine' => 'cache', 'signal_engine' => FileCounter::class]),
            'last value' => new self(['payload_engine' => FileValues::class], keepsEach: false),
        ];
    }

    /**
     * Those of a payload engine.
     *
     * @return array<string, self>
     */
    public static function of(string $payloadEngine): array
    {
        return array_filter(
            self::all(),
            fn(self $engine): bool => ($engine->sse['payload_engine'] ?? null) === $payloadEngine,
        );
    }

    public function isRedis(): bool
    {
        return ($this->sse['payload_engine'] ?? null) === 'redis';
    }

    public function isDatabase(): bool
    {
        return ($this->sse['payload_engine'] ?? null) === 'database';
    }

    /**
     * Why it can't be tested here; null if it can.
     */
    public function missing(): ?string
    {
        if ($this->isRedis() && RedisDsn::isThere()) {
            try {
                cursor('k', ['dsn' => 'redis+unix:///nowhere/redis.sock']);
            } catch (InvalidArgumentException) {
                return 'THE EXTENSION sse HAS NO ENGINE redis HERE';
            } catch (StoreException) {
                // It has: there is no such socket.
            }
        }

        return $this->server === null ? null : $this->server::missing();
    }

    /**
     * Why a store in Redis can't be tested here; null if it can.
     */
    public static function missingStore(): ?string
    {
        return RedisDsn::isThere() ? null : 'plain PHP: a store in Redis is in the extension';
    }

    /**
     * Whether the payload class is one of the application's own.
     */
    public function isOwn(): bool
    {
        return class_exists($this->sse['payload_engine'] ?? '');
    }

    /**
     * What the test application is told of connections and caches.
     *
     * @return array<string, mixed>
     */
    public function application(?Server $server): array
    {
        $facts = $server === null ? [] : ['%directory' => $server->directory, '%socket' => "$server->directory/socket"];
        $filled = fn(array $settings): array => array_map(
            fn(mixed $value): mixed => is_string($value) ? strtr($value, $facts) : $value,
            $settings,
        );

        return array_filter([
            'Datasources' => $this->database === [] ? [] : ['default' => $filled($this->database)],
            'Cache' => $this->cache === []
                ? []
                : ['default' => $filled($this->cache) + ['className' => RedisEngine::class, 'prefix' => 'app_']],
        ]);
    }
}
