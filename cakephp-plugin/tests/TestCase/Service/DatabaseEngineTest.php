<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use App\Model\Table\OwnPayloadsTable;
use Cake\Core\Configure;
use Cake\Database\Connection;
use Cake\Database\Driver\Sqlite;
use Cake\Datasource\ConnectionManager;
use Cake\Datasource\FactoryLocator;
use Cake\ORM\Locator\TableLocator;
use Cake\TestSuite\LogTestTrait;
use Cake\TestSuite\TestCase;
use InvalidArgumentException;
use PHPUnit\Framework\Attributes\DataProvider;
use Sse\Model\Table\PayloadsTable;
use Sse\Service\Engine\DatabaseEngine;
use Sse\Service\Engine\PayloadRows;
use Sse\Service\Payload\DatabasePayloadStrategy;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\StoreException;
use Sse\Test\Support\CounterSignal;
use Sse\Test\Support\PayloadsSchema;
use Sse\Test\Support\StreamsTrait;

/**
 * What the engine `database` does besides what all engines do (Conformance/EnginesTest) and what only real servers
 * and processes can show (Conformance/DatabaseTest).
 */
class DatabaseEngineTest extends TestCase
{
    use LogTestTrait;
    use StreamsTrait;

    public function setUp(): void
    {
        parent::setUp();
        PayloadsSchema::create(ConnectionManager::get('default'));
        Configure::write('Sse.payload_engine', 'database');
    }

    /**
     * @return list<array<string, mixed>> the rows, oldest first
     */
    private function rows(string $table = 'sse_payloads'): array
    {
        $rows = ConnectionManager::get('default')->execute("SELECT * FROM $table ORDER BY id");

        return $rows->fetchAll('assoc');
    }

    public function testARowHasThePayloadAsJsonAndItsPlace(): void
    {
        $this->pushAll('USER_QUEUE_1', [['n' => 1.5, 'text' => 'ñ/'], 2]);

        [$first, $second] = $this->rows();

        $this->assertSame('{"n":1.5,"text":"\u00f1\/"}', $first['payload']);
        $this->assertSame(hash('sha256', 'USER_QUEUE_1'), $first['stream_key']);
        $this->assertEquals(0, $first['follows']);
        $this->assertEquals($first['position'], $second['follows']);
        $this->assertEqualsWithDelta(time(), strtotime("$second[modified] UTC"), 30);
    }

    public function testTheTableIsTheOneOfTheConvention(): void
    {
        $table = FactoryLocator::get('Table')->get('Sse.Payloads');

        $this->assertInstanceOf(PayloadsTable::class, $table);
        $this->assertSame('sse_payloads', $table->getTable());
        $this->assertSame('id', $table->getPrimaryKey());
    }

    public function testAnotherModelMayBeNamed(): void
    {
        PayloadsSchema::create(ConnectionManager::get('default'), 'own_payloads');
        Configure::write('Sse.payloads_model', 'OwnPayloads');
        $this->assertInstanceOf(OwnPayloadsTable::class, FactoryLocator::get('Table')->get('OwnPayloads'));

        $this->pushAll('own', [1]);

        $this->assertSame([], $this->rows());
        $this->assertCount(1, $this->rows('own_payloads'));
        $this->assertSame([1], $this->streamed('own'));
    }

    public function testWithoutItsTableAPushAnswersFalseAndSaysWhy(): void
    {
        $this->setupLog('error');
        ConnectionManager::get('default')->execute('DROP TABLE sse_payloads');

        $this->assertFalse(SseService::push('k', 1));

        $this->assertLogged('sse_payloads');
        $this->assertSsePushCount(0);
    }

    /**
     * @return array<string, array{string, string}>
     */
    public static function tablesThatAreNotOurs(): array
    {
        return [
            'none' => ['', 'there is no table sse_payloads'],
            'one as the original had it' => [
                'CREATE TABLE sse_payloads (id INTEGER PRIMARY KEY, stream_key TEXT, payload TEXT, modified DATETIME)',
                'the table sse_payloads is not as the engine "database" needs it: rename it',
            ],
        ];
    }

    #[DataProvider('tablesThatAreNotOurs')]
    public function testWithoutItsTablePushStreamAndCheckNameTheMigration(string $sql, string $what): void
    {
        $this->setupLog('error');
        $connection = ConnectionManager::get('default');
        assert($connection instanceof Connection);
        $connection->execute('DROP TABLE sse_payloads');
        $sql === '' || $connection->execute($sql);

        $this->assertFalse(SseService::push('k', 1));

        $this->assertLogged($what);
        $this->assertLogged('run "bin/cake migrations migrate -p Sse --no-lock"');
        foreach (
            [
                fn() => $this->component()->stream('k'),
                // It would not get anything later either.
                fn() => $this->component()->stream('k', ['lastEventId' => $this->getSsePosition('k')]),
                fn() => SseService::check('k', 0),
            ] as $action
        ) {
            try {
                $action();
                $this->fail('It did as if nothing were.');
            } catch (StoreException $exception) {
                $this->assertStringContainsString($what, $exception->getMessage());
                $this->assertStringContainsString('bin/cake migrations migrate -p Sse', $exception->getMessage());
            }
        }
    }

    public function testAMigrationForAnotherConnectionNamesIt(): void
    {
        ConnectionManager::setConfig('events', ['className' => Connection::class, 'driver' => Sqlite::class]);
        $this->setupLog('error');
        FactoryLocator::get('Table')->get('Sse.Payloads')->setConnection(ConnectionManager::get('events'));

        $this->assertFalse(SseService::push('k', 1));

        ConnectionManager::drop('events');
        $this->assertLogged('-p Sse --no-lock --connection events"');
    }

    public function testAModelWithoutATableNamesItsSetting(): void
    {
        Configure::write('Sse.payloads_model', 'Nobodys');

        $this->expectException(StoreException::class);
        $this->expectExceptionMessage('there is no table nobodys, which the engine "database" keeps its payloads in: '
            . 'make one as "sse_payloads" is, or correct Sse.payloads_model, which is "Nobodys"');
        $this->component()->stream('k');
    }

    public function testAModelThatDoesNotExistNamesItsSetting(): void
    {
        Configure::write('Sse.payloads_model', 'Nobodys');
        $locator = FactoryLocator::get('Table');
        assert($locator instanceof TableLocator);
        $locator->allowFallbackClass(false);

        $this->expectException(StoreException::class);
        $this->expectExceptionMessage('Sse.payloads_model is "Nobodys": ');
        try {
            $this->component()->stream('k', ['lastEventId' => $this->getSsePosition('k')]);
        } finally {
            $locator->allowFallbackClass(true);
        }
    }

    public function testADatabaseThatCannotBeReachedEndsAStreamBeforeItBeginsButNotOneThatComesBack(): void
    {
        ConnectionManager::setConfig('events', [
            'className' => Connection::class, 'driver' => Sqlite::class, 'database' => '/no/such/directory/db',
        ]);
        $this->setupLog('error');
        FactoryLocator::get('Table')->get('Sse.Payloads')->setConnection(ConnectionManager::get('events'));

        $this->assertSame([], $this->streamed('k', [], $this->getSsePosition('k')));
        $this->assertLogged('a stream begins without the database');

        try {
            $this->component()->stream('k');
            $this->fail('It began.');
        } catch (StoreException $exception) {
            $this->assertStringContainsString('unable to open database file', $exception->getMessage());
        } finally {
            ConnectionManager::drop('events');
        }
    }

    public function testAPayloadThatCanBeEncodedOnceIsKept(): void
    {
        $this->pushAll('once', [collection((fn() => yield 7)())]);

        $this->assertSame([[7]], $this->streamed('once'));
    }

    public function testWhatNobodyMayKnowOfIsTakenBack(): void
    {
        $this->expectException(InvalidArgumentException::class);
        try {
            SseService::push('', 1);
        } finally {
            $this->assertSame([], $this->rows());
        }
    }

    private function fullStore(): Store
    {
        return $this->storeWith(fn() => throw new StoreException('no space left'));
    }

    public function testAPushThatCannotBeToldStaysAndIsToldLater(): void
    {
        $this->setupLog('error');
        Store::replace($this->fullStore());

        $this->assertTrue(SseService::push('placed', 1));

        $this->assertLogged('a push is kept, and streams will find it when they can: no space left');
        Store::replace($this->sseStore);
        $this->assertSame([1], $this->streamed('placed'));
    }

    public function testAStreamThatCannotStoreWhatIsNewBeginsAndTriesAgain(): void
    {
        $this->setupLog('error');
        (new DatabasePayloadStrategy())->append('full', 1);
        Store::replace($this->fullStore());
        $calls = 0;

        $collect = function () use (&$calls): void {
            $calls++;
        };
        $options = SseService::service()->engine->streamOptions(['full'], compact('collect'));
        $options['collect']('full');

        $this->assertSame(1, $calls);
        $this->assertLogged('a stream begins without new rows: no space left');
        $this->assertLogged('will try again: no space left');
        Store::replace($this->sseStore);
        $options['collect']('full');
        $this->assertSame(1, SseService::check('full', 0)['data'] ?? null);
    }

    public function testWhereAnotherProcessTellsOfTheSameRowsMeanwhileEachIsToldOnce(): void
    {
        $elsewhere = new DatabasePayloadStrategy();
        foreach ([1, 2, 3] as $payload) {
            $elsewhere->append('twice', $payload);
        }
        $engine = new DatabaseEngine(new PayloadRows(), null);
        // It begins with the first of them, and the other process tells of all.
        $this->beforeTheNextIsStored(fn() => $engine->read('twice', null, 1));

        $this->assertTrue(SseService::push('twice', 4));

        $references = array_column(array_column($this->sseStore->read('twice', null, 100), 'data'), 'reference');
        $this->assertCount(4, $references);
        $this->assertSame($references, array_unique($references));
        Store::replace($this->sseStore);
        $this->assertSame([1, 2, 3, 4], $this->streamed('twice'));
    }

    public function testBehindADamagedEndOfTheLogPushesAreToldAsEver(): void
    {
        $this->pushAll('damaged', [1, 2]);
        [$log] = glob((string)$this->sseStore?->status()['store'] . '/*.log') ?: [''];
        $text = (string)file_get_contents($log);
        file_put_contents($log, substr_replace($text, '?', (int)strrpos($text, 'reference'), 1));

        $this->pushAll('damaged', [3, 4]);

        // What was damaged is told of anew.
        $sent = array_filter($this->streamed('damaged'), is_int(...));
        $this->assertSame([1, 2, 3, 4], array_values($sent));
    }

    public function testABrokenEncodingIsRefusedAndNotKept(): void
    {
        $this->expectException(InvalidArgumentException::class);
        try {
            SseService::push('k', "\xff");
        } finally {
            $this->assertSame([], $this->rows());
        }
    }

    public function testARowThatVanishedIsToldAsAGap(): void
    {
        $position = $this->getSsePosition('vanished');
        $this->pushAll('vanished', [1, 2, 3]);
        ConnectionManager::get('default')->execute("DELETE FROM sse_payloads WHERE payload = '2'");

        $this->streamed('vanished', [], $position);

        $this->assertSame(['message', 'sse-gap', 'message'], array_column($this->getSseEvents(), 'event'));
    }

    public function testRowsThatWereDeletedBeforeThisMachineSawThemAreToldAsAGap(): void
    {
        $this->pushAll('missed', [1]);
        $position = $this->getSsePosition('missed');
        // Another machine's, placed there.
        $elsewhere = new DatabasePayloadStrategy();
        $elsewhere->append('missed', 2);
        $elsewhere->append('missed', 3);
        ConnectionManager::get('default')->execute("DELETE FROM sse_payloads WHERE payload = '2'");

        $this->streamed('missed', [], $position);

        $this->assertSame(['sse-gap', 'message'], array_column($this->getSseEvents(), 'event'));
        $this->assertSame(3, $this->getSseEvents()[1]['data']);
    }

    public function testAClientWithoutAnIdGetsTheNewestOfAnotherMachine(): void
    {
        $elsewhere = new DatabasePayloadStrategy();
        foreach ([1, 2, 3] as $payload) {
            $elsewhere->append('elsewhere', $payload);
        }

        $this->assertSame([3], $this->streamed('elsewhere', ['replay' => 'last']));
        $this->assertSame(3, SseService::check('elsewhere', 0)['data'] ?? null);
    }

    public function testASignalOfOnesOwnIsTouched(): void
    {
        CounterSignal::$counters = [];
        Configure::write('Sse.signal_engine', CounterSignal::class);

        $this->pushAll('signal', [1, 2]);

        $this->assertSame(2, CounterSignal::$counters['signal']);
        $this->assertSame([1, 2], $this->streamed('signal'));
    }

    public function testBeforeSendGetsArraysWhereObjectsWerePushed(): void
    {
        $this->pushAll('objects', [(object)['a' => (object)['b' => 1]]]);

        $this->streamed('objects', ['beforeSend' => function (mixed $payload): mixed {
            $this->assertSame(['a' => ['b' => 1]], $payload);

            return $payload;
        }]);

        $this->assertSseSent('message', ['a' => ['b' => 1]]);
    }

    public function testTheClassByItselfKeepsEach(): void
    {
        $strategy = new DatabasePayloadStrategy();
        $this->assertNull($strategy->fetch('by itself'));
        $first = $strategy->append('by itself', ['n' => 1]);
        $second = $strategy->append('by itself', null);

        $this->assertSame([['n' => 1]], $strategy->find('by itself', (string)$first));
        $this->assertSame([null], $strategy->find('by itself', (string)$second));
        $this->assertNull($strategy->find('another', (string)$first));
        $this->assertSame([$first, $second], $strategy->after('by itself', null));
        $this->assertSame([$second], $strategy->after('by itself', $first));
        $this->assertTrue($strategy->store('by itself', 'last'));
        $this->assertSame('last', $strategy->fetch('by itself'));
    }
}
