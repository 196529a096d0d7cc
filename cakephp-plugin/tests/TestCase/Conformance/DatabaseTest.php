<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Conformance;

use PDO;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Sse\Test\Support\Command;
use Sse\Test\Support\EngineUnderTest;
use Sse\Test\Support\ProcessesTrait;
use Sse\Test\Support\Server\MariaDb;
use Sse\Test\Support\Server\Postgres;
use Sse\Test\Support\TellingConnection;
use Sse\Test\Support\Worker;

/**
 * What the engine `database` owes besides: transactions, connections, restarts and several machines.
 */
class DatabaseTest extends TestCase
{
    use ProcessesTrait;

    /**
     * @return array<string, array{\Sse\Test\Support\EngineUnderTest}>
     */
    public static function databases(): array
    {
        return array_map(fn(EngineUnderTest $engine): array => [$engine], EngineUnderTest::of('database'));
    }

    /**
     * @return array<string, array{\Sse\Test\Support\EngineUnderTest}>
     */
    public static function servers(): array
    {
        return array_filter(self::databases(), fn(array $row): bool => $row[0]->server !== null);
    }

    #[DataProvider('databases')]
    public function testAPushIsSeenAfterTheCommitAndNotBefore(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('committed', ['poll' => 0.05])->connected();
        $worker = $this->worker();
        $worker->ask('begin');
        $this->assertTrue($worker->push('committed', ['n' => 1]));
        $this->looked('committed');
        $this->assertSame([], $reader->events());

        $worker->ask('commit');

        $this->assertSame([['n' => 1]], $reader->received(1));
    }

    #[DataProvider('databases')]
    public function testWhereCakePhpTellsOfTheCommitItWakesStreamsAtOnce(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('told')->connected();
        $worker = Worker::start($this->withTellingConnection());
        foreach (['rollback', 'commit'] as $end) {
            $worker->ask('begin');
            $this->assertTrue($worker->push('told', $end));
            $worker->ask($end);
        }

        $this->assertSame(['commit'], $reader->received(1));
    }

    #[DataProvider('databases')]
    public function testARolledBackPushIsNeverSeenAndWakesNobody(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('rolled back', ['poll' => 0.05])->connected();
        $worker = $this->worker();
        $worker->ask('begin');
        $this->assertTrue($worker->push('rolled back', 'never'));
        $this->looked('rolled back');
        $worker->ask('rollback');
        $this->looked('rolled back');
        $this->assertSame([], $reader->events());

        $worker->push('rolled back', 'seen');

        $this->assertSame(['seen'], $reader->received(1));
        $this->assertSame('seen', $worker->check('rolled back', 0)['data'] ?? null);
    }

    #[DataProvider('databases')]
    public function testACheckInsideATransactionTellsNobodyOfWhatIsRolledBack(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('checked', ['poll' => 0.05])->connected();
        $worker = $this->worker();
        $worker->ask('begin');
        $worker->push('checked', 'never');
        $this->assertNull($worker->check('checked', 0));
        $worker->ask('rollback');

        $worker->push('checked', 'seen');

        $reader->until(fn() => in_array('seen', $reader->data(), true), 'the event');
        $this->assertSame(['message'], array_column($reader->events(), 'event'));
    }

    #[DataProvider('servers')]
    public function testACheckInsideATransactionHindersNoOther(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('aside')->connected();
        [$worker, $other] = [$this->worker(), $this->worker()];
        $worker->ask('begin');
        $worker->push('aside', 'late');
        $worker->check('aside', 0);

        $this->assertTrue($other->push('aside', 'beside'));

        $this->assertSame(['beside'], $reader->received(1));
        // Nor has it spoilt the transaction.
        $worker->check('aside', 0);
        $worker->ask('commit');
        $worker->push('aside', 'last');
        $this->assertSame(['beside', 'late', 'last'], $reader->received(3));
    }

    #[DataProvider('servers')]
    public function testACheckOnAnOlderSnapshotTellsOfNoGap(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        [$worker, $other] = [$this->worker(), $this->worker()];
        $other->push('snapshot', 'known');
        $known = $worker->check('snapshot', 0)['id'] ?? '';
        $worker->ask('begin');
        $worker->ask('sql', 'SELECT COUNT(*) FROM sse_payloads');
        $other->push('snapshot', 'new');

        $found = $worker->check('snapshot', $known);

        // MariaDB reads what was there when the transaction began, PostgreSQL what is there now.
        $this->assertContains($found['data'] ?? null, [null, 'new']);
        $this->assertSame($found === null ? null : 'new', $found['data'] ?? null);
        $worker->ask('commit');
        $this->assertSame('new', $worker->check('snapshot', $known)['data'] ?? null);
    }

    #[DataProvider('servers')]
    public function testOfTwoOverlappingTransactionsTheOneThatCommitsLaterIsNotSkipped(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('overlap', ['poll' => 0.05])->connected();
        [$early, $late, $outside] = [$this->worker(), $this->worker(), $this->worker()];
        $early->ask('begin');
        $early->push('overlap', 'made first');
        $late->ask('begin');
        $late->push('overlap', 'made second');
        // Neither waits for the other, nor does a push beside them.
        $outside->push('overlap', 'made third');
        $this->assertSame(['made third'], $reader->received(1));
        $late->ask('commit');
        $this->assertSame(['made third', 'made second'], $reader->received(2));
        $early->push('overlap', 'made last');
        $early->ask('commit');

        $this->assertSame(['made third', 'made second', 'made first', 'made last'], $reader->received(4));
        $all = $this->reader('overlap', ['replay' => 'all']);
        $this->assertSame($reader->data(), $all->received(4));
    }

    public function testOnSqliteTransactionsThatOverlapAreAllSeen(): void
    {
        $this->choose(EngineUnderTest::all()['database, SQLite']);
        $reader = $this->reader('overlap', ['poll' => 0.05])->connected();
        [$early, $late] = [$this->worker(), $this->worker()];
        $early->ask('begin');
        $late->ask('begin');
        $late->push('overlap', 'made first');
        // SQLite has one writer: this waits for the commit, as any other INSERT would.
        $early->tellPush('overlap', 'made second');
        $late->ask('commit');
        $this->assertTrue($early->hear());
        $early->ask('commit');

        $this->assertSame(['made first', 'made second'], $reader->received(2));
    }

    #[DataProvider('servers')]
    public function testManyTransactionsThatEndAtRandomLoseNothing(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('random', ['poll' => 0.05, 'replay' => 'all'])->connected();
        $workers = array_map(fn(): Worker => $this->worker(), range(1, 6));
        $open = array_fill(0, 6, []);
        $committed = [];
        foreach (range(1, 150) as $number) {
            $at = random_int(0, 5);
            if ($open[$at] === []) {
                $workers[$at]->ask('begin');
            }
            $open[$at][] = $number;
            $this->assertTrue($workers[$at]->push('random', $number));
            if (random_int(0, 2) === 0) {
                $commits = random_int(0, 3) > 0;
                $workers[$at]->ask($commits ? 'commit' : 'rollback');
                array_push($committed, ...($commits ? $open[$at] : []));
                $open[$at] = [];
            }
        }
        foreach ($workers as $at => $worker) {
            if ($open[$at] !== []) {
                $worker->ask('commit');
                array_push($committed, ...$open[$at]);
            }
        }

        $this->assertEqualsCanonicalizing($committed, $reader->received(count($committed)));
        // A last one, so that what came twice would have come by now.
        $workers[0]->push('random', 'end');
        $reader->until(fn() => in_array('end', $reader->data(), true), 'the end');
        $this->assertCount(count($committed) + 1, $reader->events());
    }

    #[DataProvider('servers')]
    public function testATransactionBegunPastCakePhpIsSeenAsOne(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('raw', ['poll' => 0.05])->connected();
        $worker = $this->worker();
        $worker->ask('sql', 'START TRANSACTION');
        $worker->push('raw', 'never');
        $worker->ask('sql', 'ROLLBACK');
        $worker->push('raw', 'seen');

        $this->assertSame(['seen'], $reader->received(1));
    }

    #[DataProvider('servers')]
    public function testAPushTakesNoLockThatAnotherTransactionWaitsFor(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $workers = array_map(fn(): Worker => $this->worker(), range(1, 4));
        foreach ($workers as $worker) {
            $worker->ask('begin');
            $worker->ask('sql', $this->shortPatience());
        }
        foreach ([1, 2] as $round) {
            foreach ($workers as $number => $worker) {
                $this->assertTrue($worker->push('locks', [$round, $number]));
            }
        }
        // Pushes beside them give places meanwhile.
        $this->assertTrue($this->worker()->push('locks', 'beside'));
        foreach (array_reverse($workers) as $worker) {
            $worker->ask('commit');
        }

        $this->assertCount(9, $this->reader('locks', ['replay' => 'all'])->received(9));
    }

    #[DataProvider('servers')]
    public function testAStreamAsksOverOneConnectionThatItKeeps(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('kept', ['poll' => 0.05])->connected();
        // What another machine pushes the stream finds by asking.
        mkdir("$this->tmp/there");
        $there = Worker::start(['SSE_TMP' => "$this->tmp/there"] + $this->environment);
        $there->push('kept', 1);
        $reader->received(1);
        $connections = $this->connections();
        $there->push('kept', 2);
        $reader->received(2);

        $this->assertSame($connections, $this->connections());
    }

    #[DataProvider('servers')]
    public function testAStreamOutlivesARestartOfTheServer(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('restarted', ['poll' => 0.05])->connected();
        $worker = $this->worker();
        $worker->push('restarted', 'before');
        $reader->received(1);
        $this->server()->stop();
        $reader->until(fn(): bool => str_contains($this->log(), 'could not ask the database'), 'a look in vain');
        $this->assertTrue($reader->isRunning());
        $this->assertFalse($worker->push('restarted', 'in between'));
        $this->server()->start();

        $this->assertTrue($worker->push('restarted', 'after'));
        $this->assertSame(['before', 'after'], $reader->received(2));
    }

    #[DataProvider('servers')]
    public function testAnEventThatIsDueWhileTheServerIsAwayIsSentWhenItIsBack(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $worker = $this->worker();
        $worker->push('due', 'known');
        $known = $worker->check('due', 0)['id'] ?? '';
        $worker->push('due', 'due');
        $this->server()->stop();
        $reader = $this->reader('due', ['lastEventId' => $known])->connected();
        $reader->until(fn(): bool => str_contains($this->log(), 'begins without the database'), 'its beginning');

        $this->server()->start();

        $this->assertSame(['due'], $reader->received(1));
    }

    #[DataProvider('databases')]
    public function testRowsOfOtherMachinesAreFoundInTheirOrder(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $here = $this->tmp;
        $reader = $this->reader('machines', ['poll' => 0.05])->connected();
        // Another machine has another TMP and the same database.
        $there = "$here/there";
        mkdir($there);
        $application = json_decode($this->environment['SSE_TEST_APP'], true);
        $application += ['Datasources' => ['default' => ['database' => "$here/app.sqlite"]]];
        $other = ['SSE_TMP' => $there, 'SSE_TEST_APP' => (string)json_encode($application)] + $this->environment;
        [$local, $remote] = [$this->worker(), Worker::start($other)];
        foreach (range(1, 20) as $number) {
            $this->assertTrue(($number % 3 === 0 ? $local : $remote)->push('machines', $number));
        }

        $this->assertSame(range(1, 20), $reader->received(20));
    }

    #[DataProvider('databases')]
    public function testSeveralMachinesThatGivePlacesAtOnceLoseAndDoubleNothing(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $application = json_decode($this->environment['SSE_TEST_APP'], true);
        $application += ['Datasources' => ['default' => ['database' => "$this->tmp/app.sqlite"]]];
        $workers = [];
        $readers = [];
        foreach (range(0, 3) as $machine) {
            $tmp = "$this->tmp/machine$machine";
            mkdir($tmp);
            $environment = ['SSE_TMP' => $tmp, 'SSE_TEST_APP' => (string)json_encode($application)];
            $this->environment = $environment + $this->environment;
            $workers[] = $this->worker();
            $readers[] = $this->reader('race', ['poll' => 0.05, 'replay' => 'all'])->connected();
        }
        foreach (range(1, 40) as $number) {
            foreach ($workers as $machine => $worker) {
                $worker->tellPush('race', "$machine: $number");
            }
        }
        foreach ($readers as $reader) {
            $reader->received(160);
        }

        foreach ($readers as $reader) {
            $this->assertSame($readers[0]->data(), $reader->data());
        }
        $this->assertCount(160, array_unique($readers[0]->data()));
        $this->assertNotContains('sse-gap', array_column($readers[0]->events(), 'event'));
    }

    #[DataProvider('databases')]
    public function testWithoutItsTablePushStreamAndCheckNameTheMigration(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $worker = $this->worker();
        $worker->ask('sql', 'DROP TABLE sse_payloads');

        $this->assertFalse($worker->push('no table', 1));

        $migration = 'there is no table sse_payloads, which the engine "database" keeps its payloads in: run "bin/cake'
            . ' migrations migrate -p Sse --no-lock"';
        $this->assertStringContainsString("a push was not kept: $migration", $this->log());
        $stream = $this->reader('no table');
        $stream->until(fn(): bool => !$stream->isRunning(), 'its end');
        $this->assertStringContainsString("[Sse\StoreException] $migration", $this->log());
        $this->expectExceptionMessage("Sse\StoreException: $migration");
        $worker->check('no table', 0);
    }

    /**
     * SQLite takes the name of a column that is not there for a text.
     */
    #[DataProvider('servers')]
    public function testATableWithoutTheColumnsSaysWhatToDo(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $worker = $this->worker();
        $worker->ask('sql', 'ALTER TABLE sse_payloads RENAME COLUMN position TO place');

        $this->assertFalse($worker->push('no column', 1));

        $this->assertStringContainsString('the table sse_payloads is not as the engine "database" needs', $this->log());
    }

    #[DataProvider('databases')]
    public function testTwoReleasesWithOneStoreTellOfEachRowOnce(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $application = json_decode($this->environment['SSE_TEST_APP'], true);
        $application += ['Datasources' => ['default' => ['database' => "$this->tmp/app.sqlite"]]];
        mkdir("$this->tmp/events");
        $dsn = extension_loaded('sse') ? "sqlite://$this->tmp/events.sqlite" : "file://$this->tmp/events";
        $sse = compact('dsn') + $engine->sse;
        $workers = [];
        $readers = [];
        foreach (['old', 'new'] as $release) {
            mkdir("$this->tmp/$release");
            $this->environment = [
                'SSE_TMP' => "$this->tmp/$release",
                'SSE_TEST_APP' => (string)json_encode($application),
                'SSE_TEST_CONFIG' => (string)json_encode($sse),
            ] + $this->environment;
            $workers[] = $this->worker();
            $readers[] = $this->reader('releases', ['poll' => 0.05, 'replay' => 'all'])->connected();
        }
        foreach (range(1, 50) as $number) {
            foreach ($workers as $release => $worker) {
                $worker->tellPush('releases', "$release: $number");
            }
        }
        foreach ($workers as $worker) {
            foreach (range(1, 50) as $ignored) {
                $this->assertTrue($worker->hear());
            }
        }
        $workers[0]->push('releases', 'end');

        foreach ($readers as $reader) {
            $reader->until(fn() => in_array('end', $reader->data(), true), 'the end');
            $this->assertCount(101, $reader->data());
            $this->assertCount(101, array_unique($reader->data()));
        }
    }

    #[DataProvider('databases')]
    public function testOldRowsAreDeletedAndTheNewestStays(EngineUnderTest $engine): void
    {
        $this->settings = ['sse.retention_events' => '10'];
        $this->choose($engine);
        $worker = $this->worker();
        foreach (range(1, 30) as $number) {
            $worker->push('trimmed', $number);
        }
        $worker->push('idle', 'one');
        $worker->push('idle', 'two');
        $worker->ask('sql', "UPDATE sse_payloads SET modified = '2026-01-01 00:00:00' WHERE stream_key = '"
            . hash('sha256', 'idle') . "'");
        // Of a hundred pushes one deletes: here it is asked for.
        $worker->ask('trim', base64_encode('trimmed'));

        $left = $worker->ask('sql', 'SELECT payload FROM sse_payloads ORDER BY position');
        // "two" is older than all that is kept of a key.
        $this->assertSame(array_map(strval(...), range(21, 30)), array_column($left, 'payload'));
        $worker->push('trimmed', 31);
        $this->assertSame(31, $worker->check('trimmed', 0)['data'] ?? null);
    }

    #[DataProvider('databases')]
    public function testTheCommandDeletesTheOldRowsOfAllKeysHoweverTheyWerePushed(EngineUnderTest $engine): void
    {
        $this->settings = ['sse.retention_events' => '10'];
        $this->choose($engine);
        $worker = $this->worker();
        // Many: it deletes 500 at once.
        foreach (['many' => 520, 'some' => 20, 'few' => 1] as $key => $count) {
            // In transactions no push deletes.
            $worker->ask('begin');
            foreach (range(1, $count) as $number) {
                $worker->push($key, $number);
            }
            $worker->ask('commit');
            $this->assertSame($count, $worker->check($key, 0)['data'] ?? null);
        }

        $this->assertStringContainsString('rows deleted.', $this->gc());

        $left = array_column($worker->ask('sql', 'SELECT payload FROM sse_payloads ORDER BY position'), 'payload');
        $this->assertSame([...range(511, 520), ...range(11, 20), 1], array_map(intval(...), $left));
        $this->assertStringContainsString('0 rows deleted.', $this->gc());
    }

    #[DataProvider('databases')]
    public function testTheCommandDeletesRowsThatAreTooOld(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $worker = $this->worker();
        foreach (['two days ago', 'newest'] as $payload) {
            $worker->push('aged', $payload);
        }
        $worker->ask('sql', "UPDATE sse_payloads SET modified = '" . gmdate('Y-m-d H:i:s', time() - 2 * 86400) . "'");

        $this->assertStringContainsString('1 row deleted.', $this->gc());

        $this->assertSame('newest', $worker->check('aged', 0)['data'] ?? null);
    }

    private function gc(): string
    {
        return Command::run(['sse', 'gc'], $this->environment, $this->settings);
    }

    /**
     * @return array<string, string> the environment of an application on CakePHP 5.4
     */
    private function withTellingConnection(): array
    {
        $application = json_decode($this->environment['SSE_TEST_APP'], true);
        $application['Datasources']['default'] ??= [];
        $application['Datasources']['default']['className'] = TellingConnection::class;

        return ['SSE_TEST_APP' => (string)json_encode($application)] + $this->environment;
    }

    /**
     * Waits until a stream of its own, which begins now, has looked and sent what there was to send: the other looked
     * several times meanwhile, and this one would have told it too.
     */
    private function looked(string $key): void
    {
        $stream = $this->reader($key, ['poll' => 0.05, 'lifetime' => 0.5, 'replay' => 'none'])->connected();
        $stream->until(fn(): bool => !$stream->isRunning(), 'its end');
        $this->assertSame([], $stream->events());
    }

    private function shortPatience(): string
    {
        return str_contains((string)$this->environment['SSE_TEST_APP'], 'Mysql')
            ? 'SET innodb_lock_wait_timeout = 1'
            : "SET LOCAL lock_timeout = '1s'";
    }

    /**
     * @return list<mixed> what the server calls the connections of the application
     */
    private function connections(): array
    {
        $server = $this->server();
        $found = $server instanceof MariaDb
            ? $server->pdo()->query("SELECT id FROM information_schema.processlist WHERE db = 'sse' ORDER BY id")
            : Postgres::shared()->pdo()->query(
                "SELECT pid FROM pg_stat_activity WHERE datname = 'sse' AND pid <> pg_backend_pid() ORDER BY pid",
            );

        return $found === false ? [] : array_values($found->fetchAll(PDO::FETCH_COLUMN));
    }
}
