<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use Cake\Cache\Cache;
use Cake\Cache\Engine\FileEngine;
use Cake\Cache\Engine\RedisEngine;
use Cake\Core\Configure;
use Closure;
use InvalidArgumentException;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use ReflectionClass;
use SensitiveParameterValue;
use Sse\Service\RedisDsn;
use Sse\Service\Store;

class RedisDsnTest extends TestCase
{
    protected function tearDown(): void
    {
        Configure::delete('Sse');
        Cache::drop('other');
        parent::tearDown();
    }

    /**
     * @return array<string, array{array<string, mixed>, string}>
     */
    public static function configurations(): array
    {
        $prefix = 'prefix=sse%3Aapp_%3A';

        return [
            'defaults' => [[], "redis://127.0.0.1:6379?$prefix"],
            'host and port' => [['host' => 'cache.example', 'port' => 6380], "redis://cache.example:6380?$prefix"],
            'server, the older name' => [['server' => '10.0.0.1'], "redis://10.0.0.1:6379?$prefix"],
            'host before server' => [['server' => 'a', 'host' => 'b', 'port' => '7'], "redis://b:7?$prefix"],
            'IPv6' => [['host' => '::1'], "redis://[::1]:6379?$prefix"],
            'a socket' => [
                ['unix_socket' => '/run/re dis/s.sock', 'host' => 'ignored'],
                "redis+unix:///run/re%20dis/s.sock?$prefix",
            ],
            'a socket as the host' => [
                ['host' => '/run/re dis/s.sock', 'port' => 0],
                "redis+unix:///run/re%20dis/s.sock?$prefix",
            ],
            'a socket as the server' => [['server' => 'unix:///run/s.sock'], "redis+unix:///run/s.sock?$prefix"],
            'a password' => [['password' => 'p@ss:/?&=#%+ 1'], "redis://127.0.0.1:6379?$prefix"
                . '&password=p%40ss%3A%2F%3F%26%3D%23%25%2B%201'],
            'no password' => [['password' => false], "redis://127.0.0.1:6379?$prefix"],
            'a database' => [['database' => '3'], "redis://127.0.0.1:6379?$prefix&db=3"],
            'database 0' => [['database' => 0], "redis://127.0.0.1:6379?$prefix"],
            'a time-out' => [['timeout' => 1.5], "redis://127.0.0.1:6379?$prefix&timeout=1.5"],
            'no time-out' => [['timeout' => 0], "redis://127.0.0.1:6379?$prefix"],
            'too long a time-out' => [['timeout' => 300], "redis://127.0.0.1:6379?$prefix&timeout=60"],
            'TLS' => [
                ['tls' => true, 'host' => 'r.example', 'ssl_ca' => '/etc/ca.pem'],
                "rediss://r.example:6379?$prefix&tls_ca=%2Fetc%2Fca.pem",
            ],
            'TLS in the host' => [['host' => 'tls://r.example'], "rediss://r.example:6379?$prefix"],
            'what is the cache\'s own' => [
                ['duration' => '+1 day', 'persistent' => false, 'groups' => ['g']],
                "redis://127.0.0.1:6379?$prefix",
            ],
        ];
    }

    /**
     * @param array<string, mixed> $config What the cache is configured with.
     */
    #[DataProvider('configurations')]
    public function testACacheConfigurationIsTranslated(array $config, string $dsn): void
    {
        $this->assertSame($dsn, RedisDsn::of($config + ['prefix' => 'app_'], '/srv/app'));
    }

    public function testWithoutAPrefixTwoApplicationsAreApart(): void
    {
        [$one, $other] = [RedisDsn::of([], '/srv/one'), RedisDsn::of([], '/srv/other')];

        $this->assertNotSame($one, $other);
        $this->assertSame($one, RedisDsn::of(['prefix' => ''], '/srv/one'));
        $this->assertMatchesRegularExpression('~^redis://127.0.0.1:6379\?prefix=sse%3A[0-9a-f]{16}%3A$~', $one);
    }

    public function testAClientCertificateIsRefused(): void
    {
        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage('no client certificates (ssl_key)');
        RedisDsn::of(['tls' => true, 'ssl_key' => '/etc/key.pem'], '/srv/app');
    }

    /**
     * @return array<string, array{array<string, mixed>}>
     */
    public static function clusters(): array
    {
        return [
            'nodes' => [['nodes' => ['10.0.0.1:6379', '10.0.0.2:6379']]],
            'clusterName' => [['clusterName' => 'events', 'nodes' => []]],
            'cluster' => [['cluster' => 'events']],
        ];
    }

    /**
     * @param array<string, mixed> $config What the cache is configured with.
     */
    #[DataProvider('clusters')]
    public function testAClusterIsRefused(array $config): void
    {
        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage('no clusters (' . array_key_first($config) . ')');
        RedisDsn::of($config, '/srv/app');
    }

    public function testNoNodesAreNoCluster(): void
    {
        $this->assertStringStartsWith('redis://', RedisDsn::of(['nodes' => [], 'clusterName' => null], '/srv/app'));
    }

    public function testTheConfigurationThatIsNamedIsUsed(): void
    {
        Cache::setConfig('other', ['className' => 'Redis', 'host' => 'r.example', 'prefix' => 'p']);
        Configure::write('Sse.redis_config', 'other');

        $this->assertSame('redis://r.example:6379?prefix=sse%3Ap%3A', RedisDsn::configured());
    }

    public function testAUrlIsUsed(): void
    {
        Cache::setConfig('other', ['url' => 'redis://:secret@r.example:6380/?database=2&prefix=p']);
        Configure::write('Sse.redis_config', 'other');

        $this->assertSame(
            'redis://r.example:6380?prefix=sse%3Ap%3A&db=2&password=secret',
            RedisDsn::configured(),
        );
    }

    public function testAUserOfWhomTheCacheSaysNothingToTheServerIsLeftOut(): void
    {
        $defaults = (new ReflectionClass(RedisEngine::class))->getDefaultProperties()['_defaultConfig'];
        if (array_key_exists('username', $defaults)) {
            $this->markTestSkipped('This CakePHP sends it.');
        }
        Cache::setConfig('other', ['url' => 'redis://h:secret@r.example/?prefix=p']);
        Configure::write('Sse.redis_config', 'other');

        $this->assertSame('redis://r.example:6379?prefix=sse%3Ap%3A&password=secret', RedisDsn::configured());
    }

    public function testAUserThatTheCacheSendsIsUsed(): void
    {
        Cache::setConfig('other', [
            'className' => RedisEngineWithUsers::class, 'username' => 'app', 'password' => 'secret', 'prefix' => 'p',
        ]);
        Configure::write('Sse.redis_config', 'other');

        $this->assertSame(
            'redis://127.0.0.1:6379?prefix=sse%3Ap%3A&username=app&password=secret',
            RedisDsn::configured(),
        );
    }

    public function testASubclassOfTheCacheIsUsed(): void
    {
        Cache::setConfig('other', ['className' => OwnRedisEngine::class, 'port' => 7000, 'prefix' => 'p']);
        Configure::write('Sse.redis_config', 'other');

        $this->assertSame('redis://127.0.0.1:7000?prefix=sse%3Ap%3A', RedisDsn::configured());
    }

    public function testADataSourceNameIsTakenAsItIs(): void
    {
        foreach (['redis://h/1?prefix=a', 'rediss://:p@h', 'redis+unix:///s'] as $dsn) {
            Configure::write('Sse', ['redis_config' => $dsn]);
            $this->assertSame($dsn, RedisDsn::configured());
            Configure::write('Sse', ['dsn' => $dsn]);
            $this->assertSame($dsn, RedisDsn::configured());
        }
    }

    public function testAnotherCacheIsRefused(): void
    {
        Cache::setConfig('other', ['className' => FileEngine::class]);
        Configure::write('Sse.redis_config', 'other');

        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage('"other" is not one of Redis');
        RedisDsn::configured();
    }

    /**
     * @return array<string, array{\Closure(): mixed}>
     */
    public static function whatFailsWithAPassword(): array
    {
        return [
            'a configuration' => [fn() => RedisDsn::of(['password' => 's3cret', 'ssl_key' => '/key.pem'], '/srv/app')],
            'an address of a wrong form' => [function (): void {
                Configure::write('Sse.redis_config', 'redis:/user:s3cret@h');
                RedisDsn::configured();
            }],
            'options of a stream' => [function (): void {
                Configure::write('Sse.dsn', 'file://' . TMP);
                (new Store())->check(['k'], ['dsn' => 'redis://:s3cret@h', 'poll' => -1]);
            }],
        ];
    }

    #[DataProvider('whatFailsWithAPassword')]
    public function testAPasswordIsNotInTheExceptionNorInItsTrace(Closure $action): void
    {
        if (!class_exists(SensitiveParameterValue::class)) {
            $this->markTestSkipped('PHP hides arguments from 8.2 on.');
        }
        ini_set('zend.exception_ignore_args', '0');
        try {
            $action();
            $this->fail('It was taken.');
        } catch (InvalidArgumentException $exception) {
            $ours = array_filter(
                $exception->getTrace(),
                fn(array $frame): bool => str_starts_with($frame['class'] ?? $frame['function'], 'Sse\\')
                    && !str_starts_with($frame['class'] ?? '', 'Sse\\Test\\'),
            );
            $this->assertNotSame([], $ours);
            $this->assertStringNotContainsString('s3cret', $exception->getMessage() . print_r($ours, true));
        } finally {
            ini_restore('zend.exception_ignore_args');
        }
    }

    public function testWithoutAStoreInRedisItsCacheIsUsed(): void
    {
        Cache::setConfig('other', ['className' => 'Redis']);
        Configure::write('Sse.redis_config', 'other');

        $this->assertSame('other', RedisDsn::cacheName());
    }

    public function testWithoutAStoreInRedisADataSourceNameIsRefused(): void
    {
        foreach (['redis_config', 'dsn'] as $setting) {
            Configure::write('Sse', [$setting => 'redis://:s3cret@localhost']);
            try {
                RedisDsn::cacheName();
                $this->fail("$setting was taken.");
            } catch (InvalidArgumentException $exception) {
                $this->assertStringContainsString('is in the PHP extension "sse"', $exception->getMessage());
                $this->assertStringNotContainsString('s3cret', $exception->getMessage());
            }
        }
    }

    public function testWithoutAStoreInRedisAnotherCacheIsRefused(): void
    {
        Cache::setConfig('other', ['className' => 'File', 'path' => TMP]);
        Configure::write('Sse.redis_config', 'other');

        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage('the cache configuration "other" is not one of Redis');

        RedisDsn::cacheName();
    }

    public function testAConfigurationThatDoesNotExistIsRefused(): void
    {
        Configure::write('Sse.redis_config', 'gone');

        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage('"gone", which is neither');
        RedisDsn::configured();
    }
}

// phpcs:disable PSR1.Classes.ClassDeclaration.MultipleClasses, Squiz.Classes.ClassFileName.NoMatch

/**
 * A cache of the application's own.
 */
class OwnRedisEngine extends RedisEngine
{
}

/**
 * A cache that sends a user's name, as one of the application's own or CakePHP's own one day.
 */
class RedisEngineWithUsers extends RedisEngine
{
    protected array $_defaultConfig = ['username' => null, 'password' => false];
}
