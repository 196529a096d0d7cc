<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Conformance;

use App\Sse\FileCounter;
use PHPUnit\Framework\TestCase;
use Sse\Test\Support\EngineUnderTest;
use Sse\Test\Support\ProcessesTrait;
use Sse\Test\Support\Reader;
use Sse\Test\Support\Server\Redis;
use Sse\Test\Support\Worker;

/**
 * What the engine `redis` owes besides: the cache's configuration, other applications, and restarts.
 */
class RedisTest extends TestCase
{
    use ProcessesTrait {
        tearDown as private removeTmp;
    }

    protected function setUp(): void
    {
        parent::setUp();
        $missing = EngineUnderTest::missingStore();
        if ($missing !== null) {
            $this->markTestSkipped($missing);
        }
        $this->choose(EngineUnderTest::all()['redis']);
        Redis::shared()->client()->flushAll();
    }

    protected function tearDown(): void
    {
        if ($this->server !== null) {
            Redis::shared()->client()->rawCommand('CONFIG', 'SET', 'requirepass', '');
        }
        $this->removeTmp();
    }

    /**
     * @param array<string, mixed> $cache What the cache `default` is configured with besides.
     * @param array<string, mixed> $sse What `Sse` is configured with besides.
     * @return array<string, string>
     */
    private function with(array $cache, array $sse = []): array
    {
        $application = json_decode($this->environment['SSE_TEST_APP'], true);
        $application['Cache']['default'] = $cache + $application['Cache']['default'];
        $sse += json_decode($this->environment['SSE_TEST_CONFIG'], true);

        return [
            'SSE_TEST_APP' => (string)json_encode($application),
            'SSE_TEST_CONFIG' => (string)json_encode($sse),
        ] + $this->environment;
    }

    public function testClearingTheCacheLeavesTheEvents(): void
    {
        $worker = $this->worker();
        $worker->push('cleared', 'kept');

        $this->assertTrue($worker->ask('clear'));

        $this->assertSame('kept', $worker->check('cleared', 0)['data'] ?? null);
    }

    public function testNamesBeginOtherwiseThanTheCaches(): void
    {
        $this->worker()->push('names', 1);

        $names = Redis::shared()->client()->keys('*');

        $this->assertNotSame([], $names);
        foreach ($names as $name) {
            $this->assertStringStartsWith('sse:app_:', $name);
        }
    }

    public function testTwoApplicationsOnOneRedisAreApart(): void
    {
        $one = Worker::start($this->with(['prefix' => 'one_']));
        $other = Worker::start($this->with(['prefix' => 'other_']));
        $one->push('shared', 'of one');
        $other->push('shared', 'of the other');

        $this->assertSame('of one', $one->check('shared', 0)['data'] ?? null);
        $this->assertSame('of the other', $other->check('shared', 0)['data'] ?? null);
    }

    public function testHostPortDatabaseAndPasswordOfTheCacheAreUsed(): void
    {
        Redis::shared()->client()->rawCommand('CONFIG', 'SET', 'requirepass', 'se cret/@:?&');
        $tcp = [
            'unix_socket' => false, 'host' => '127.0.0.1', 'port' => Redis::shared()->port(), 'database' => 3,
            'password' => 'se cret/@:?&',
        ];
        $worker = Worker::start($this->with($tcp));

        $this->assertTrue($worker->push('password', 1));

        $client = Redis::shared()->client();
        $client->auth('se cret/@:?&');
        $this->assertSame([], $client->keys('*'));
        $client->select(3);
        $this->assertNotSame([], $client->keys('sse:app_:*'));
        $client->rawCommand('CONFIG', 'SET', 'requirepass', '');
    }

    public function testAWrongPasswordAnswersFalseAndIsNotInTheLog(): void
    {
        $worker = Worker::start($this->with(['password' => 'wrong-s3cret', 'username' => 'nobody']));

        $this->assertFalse($worker->push('wrong', 1));

        $this->assertStringContainsString('was not kept', $this->log());
        $this->assertStringNotContainsString('wrong-s3cret', $this->log());
    }

    public function testAServerThatIsNotThereAnswersFalse(): void
    {
        $worker = Worker::start($this->with(['unix_socket' => "$this->tmp/no.sock"]));

        $this->assertFalse($worker->push('nobody', 1));
        $this->assertStringContainsString('was not kept', $this->log());
    }

    public function testADataSourceNameOfItsOwnIsUsed(): void
    {
        $dsn = 'redis+unix://' . Redis::shared()->socket() . '?prefix=own:';
        $worker = Worker::start($this->with([], ['redis_config' => $dsn]));

        $this->assertTrue($worker->push('own', 1));
        $this->assertNotSame([], Redis::shared()->client()->keys('own:*'));
    }

    public function testWithASignalClassPushesOfEachMachineAreSentOnceAndAChangeOnceMore(): void
    {
        $this->environment = $this->with([], ['signal_engine' => FileCounter::class]);
        $counter = "$this->tmp/" . bin2hex('machines') . '.counter';
        touch($counter);
        $workers = [];
        $readers = [];
        foreach (range(0, 2) as $machine) {
            // Each has a TMP of its own, and they share what the signal looks at.
            $tmp = "$this->tmp/machine$machine";
            mkdir($tmp);
            symlink($counter, "$tmp/" . basename($counter));
            $environment = ['SSE_TMP' => $tmp] + $this->environment;
            $workers[] = Worker::start($environment);
            foreach (range(1, 2) as $ignored) {
                $readers[] = Reader::start('machines', ['poll' => 0.05], $environment)->connected();
            }
        }
        foreach (range(1, 30) as $number) {
            $this->assertTrue($workers[$number % 3]->push('machines', $number));
        }
        foreach ($readers as $reader) {
            $this->assertSame(range(1, 30), $reader->received(30));
        }

        file_put_contents($counter, '1000');
        foreach ($readers as $reader) {
            $this->assertSame([...range(1, 30), 30], $reader->received(31));
        }
        $workers[0]->push('machines', 'end');
        foreach ($readers as $reader) {
            $this->assertSame([...range(1, 30), 30, 'end'], $reader->received(32));
        }
    }

    public function testAStreamOutlivesARestartAndLosesNothing(): void
    {
        $reader = $this->reader('restarted')->connected();
        $worker = $this->worker();
        $worker->push('restarted', 'before');
        $reader->received(1);

        $this->server()->restart();

        $this->assertTrue($this->worker()->push('restarted', 'after'));
        $this->assertSame(['before', 'after'], $reader->received(2));
    }
}
