<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use Cake\Cache\Cache;
use Cake\Cache\Engine\ArrayEngine;
use Cake\Cache\Engine\FileEngine;
use Cake\Cache\Engine\NullEngine;
use Cake\Core\Configure;
use Cake\Core\Exception\CakeException;
use Cake\Database\Connection;
use Cake\Database\Driver\Sqlite;
use Cake\Datasource\ConnectionManager;
use Cake\TestSuite\LogTestTrait;
use Cake\TestSuite\TestCase;
use InvalidArgumentException;
use PHPUnit\Framework\Attributes\DataProvider;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\StoreException;
use Sse\Test\Support\StreamsTrait;
use Sse\Test\Support\TellingConnection;
use function Sse\configure;

/**
 * Pushes inside a transaction. CakePHP tells of a commit from 5.4; on an older one a connection here stands in for it.
 */
class TransactionTest extends TestCase
{
    use LogTestTrait;
    use StreamsTrait;

    public function setUp(): void
    {
        parent::setUp();
        Store::replace($this->sharedStore());
    }

    public function tearDown(): void
    {
        ConnectionManager::dropAlias('default');
        ConnectionManager::drop('telling');
        Cache::drop('other');
        Cache::drop('nothing');
        parent::tearDown();
    }

    /**
     * The test's store, but one that is shared, as in production: only then a push waits.
     */
    private function sharedStore(): Store
    {
        return new class ($this->sseStore) extends Store {
            /**
             * Fails from now on, as a full disk would.
             */
            public bool $isFull = false;

            public function __construct(private readonly Store $store)
            {
            }

            protected function dsn(): string
            {
                return $this->store->dsn();
            }

            public function push(string $key, mixed $data, bool $external = false, ?string $after = null): ?string
            {
                return $this->isFull
                    ? throw new StoreException('no space left')
                    : $this->store->push($key, $data, $external, $after);
            }
        };
    }

    private function connection(): Connection
    {
        if (method_exists(Connection::class, 'afterCommit')) {
            return ConnectionManager::get('default');
        }
        ConnectionManager::setConfig('telling', [
            'className' => TellingConnection::class,
            'driver' => Sqlite::class,
            'database' => ':memory:',
        ]);
        ConnectionManager::alias('telling', 'default');

        return ConnectionManager::get('default');
    }

    public function testAPushWaitsForTheCommit(): void
    {
        $connection = $this->connection();
        $connection->begin();
        $this->assertTrue(SseService::push('k', 1));
        $this->assertSsePushCount(0);

        $connection->commit();

        $this->assertSsePushed('k', 1);
    }

    public function testAPushIsDroppedWithARollback(): void
    {
        $connection = $this->connection();
        $connection->begin();
        $this->assertTrue(SseService::push('k', 1));

        $connection->rollback();

        $this->assertSsePushCount(0);
        $this->assertNull($this->sseStore->newest('k'));
    }

    public function testOutsideATransactionAPushIsMadeAtOnce(): void
    {
        $this->connection();

        SseService::push('k', 1);

        $this->assertSsePushCount(1);
    }

    public function testARollbackToASavepointLeavesThePushThatWaits(): void
    {
        $connection = $this->connection();
        $connection->enableSavePoints();
        $connection->begin();
        $connection->begin();
        $this->assertTrue(SseService::push('k', 1));
        $connection->rollback();
        $this->assertSsePushCount(0);

        $connection->commit();
        $connection->disableSavePoints();

        // As with each callback of CakePHP's; the README says what to do instead.
        $this->assertSsePushCount(1);
    }

    /**
     * @return array<string, array{string, string, mixed, string}>
     */
    public static function badInput(): array
    {
        return [
            'a broken encoding' => ['native', 'k', "\xff", 'JSON'],
            'no key' => ['native', '', 1, 'key'],
            'no key, cache' => ['cache', '', 1, 'key'],
            'a long key' => ['native', str_repeat('k', 1025), 1, '1024'],
            'a payload over the limit' => ['native', 'k', str_repeat('x', 2 * 1024 - 1), 'the limit is 2048'],
            'what is not serializable' => [
                'cache', 'k', ['closure' => fn() => 1], 'serialize()',
            ],
        ];
    }

    #[DataProvider('badInput')]
    public function testBadInputIsToldAtOnce(string $engine, string $key, mixed $payload, string $message): void
    {
        Configure::write('Sse.payload_engine', $engine);
        configure(['max_payload' => '2K']);
        $connection = $this->connection();
        $connection->begin();
        try {
            SseService::push($key, $payload);
            $this->fail('It was taken.');
        } catch (InvalidArgumentException $exception) {
            $this->assertStringContainsString($message, $exception->getMessage());
        } finally {
            $connection->rollback();
            configure(['max_payload' => '1M']);
        }
    }

    public function testAPayloadOfTheLimitIsTaken(): void
    {
        configure(['max_payload' => '2K']);
        $connection = $this->connection();
        $connection->begin();
        $this->assertTrue(SseService::push('k', str_repeat('x', 2 * 1024 - 2)));
        $connection->commit();
        configure(['max_payload' => '1M']);

        $this->assertSsePushCount(1);
    }

    public function testAStoreThatCannotBeUsedAnswersFalseAtOnce(): void
    {
        $this->setupLog('error');
        Configure::write('Sse.dsn', 'file://' . TMP . 'not-there');
        Store::replace(null);
        $connection = $this->connection();
        $connection->begin();

        $this->assertFalse(SseService::push('k', 1));

        $connection->rollback();
        $this->assertLogged('a push to the key "k" was not kept');
    }

    public function testACacheThatNoOtherProcessReadsIsRefusedAtOnce(): void
    {
        Configure::write('Sse', ['payload_engine' => 'cache', 'cache_config' => 'other']);
        Cache::setConfig('other', ['className' => ArrayEngine::class]);
        $connection = $this->connection();
        $connection->begin();
        try {
            $this->expectException(CakeException::class);
            $this->expectExceptionMessage('one process');
            SseService::push('k', 1);
        } finally {
            $connection->rollback();
        }
    }

    public function testACacheThatCannotBeReachedAnswersFalseAtOnce(): void
    {
        $this->setupLog('error');
        Configure::write('Sse', ['payload_engine' => 'cache', 'cache_config' => 'other']);
        // CakePHP puts a cache that keeps nothing in its place.
        Cache::setConfig('nothing', ['className' => NullEngine::class]);
        Cache::setConfig('other', [
            'className' => new class extends FileEngine {
                public function init(array $config = []): bool
                {
                    return false;
                }
            },
            'fallback' => 'nothing',
        ]);
        $connection = $this->connection();
        $connection->begin();

        $this->assertFalse(SseService::push('k', 1));

        $connection->rollback();
        $this->assertLogged('the cache "other" can\'t be reached');
    }

    public function testWhatFailsAfterTheCommitIsLogged(): void
    {
        $this->setupLog('error');
        $store = $this->sharedStore();
        Store::replace($store);
        $connection = $this->connection();
        $connection->begin();
        $this->assertTrue(SseService::push('full', 1));
        $store->isFull = true;

        $connection->commit();

        $this->assertLogged('a push to the key "full" was not kept: no space left');
    }

    public function testOnAConnectionThatDoesNotTellAPushIsMadeAtOnceAndNeverSendsNull(): void
    {
        $connection = ConnectionManager::get('default');
        $this->assertInstanceOf(Connection::class, $connection);
        if (method_exists($connection, 'afterCommit')) {
            $this->markTestSkipped('This CakePHP tells of commits.');
        }
        $connection->begin();
        SseService::push('rolled back', ['n' => 1]);
        $connection->rollback();
        Store::replace($this->sseStore);

        $this->assertSame([['n' => 1]], $this->streamed('rolled back'));
    }
}
