<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use Cake\Database\Connection;
use Cake\Database\Driver\Sqlite;
use Cake\Datasource\ConnectionManager;
use Cake\TestSuite\LogTestTrait;
use Cake\TestSuite\TestCase;
use InvalidArgumentException;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\Test\Support\StreamsTrait;
use Sse\Test\Support\TellingConnection;

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
        // One that is shared, as in production: only then a push waits.
        Store::replace(new class ($this->sseStore) extends Store {
            public function __construct(private readonly Store $store)
            {
            }

            public function push(string $key, mixed $data, bool $external = false): string
            {
                return $this->store->push($key, $data, $external);
            }
        });
    }

    public function tearDown(): void
    {
        ConnectionManager::dropAlias('default');
        ConnectionManager::drop('telling');
        parent::tearDown();
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

    public function testBadInputIsToldAtOnce(): void
    {
        $connection = $this->connection();
        $connection->begin();
        try {
            $this->expectException(InvalidArgumentException::class);
            SseService::push('k', "\xff");
        } finally {
            $connection->rollback();
        }
    }

    public function testWhatFailsAfterTheCommitIsLogged(): void
    {
        $this->setupLog('error');
        $connection = $this->connection();
        $connection->begin();
        SseService::push('', 1);

        $connection->commit();

        $this->assertLogged('a push to the key "" was not kept');
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
