<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Conformance;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Sse\Test\Support\EngineUnderTest;
use Sse\Test\Support\ProcessesTrait;
use Sse\Test\Support\Reader;
use Sse\Test\Support\Server\Redis;
use Sse\Test\Support\Worker;

/**
 * Many processes that push to one key, and many streams that look for something new in it, all at once: what is new is
 * found by several and told by one.
 */
class ContentionTest extends TestCase
{
    use ProcessesTrait;

    private const PUSHERS = 6;
    private const PUSHES = 20;
    private const READERS = 4;

    /**
     * Those whose streams look for something new.
     *
     * @return array<string, array{\Sse\Test\Support\EngineUnderTest}>
     */
    public static function engines(): array
    {
        $looking = array_filter(EngineUnderTest::all(), fn(EngineUnderTest $engine): bool => $engine->keepsEach
            && ($engine->isDatabase() || isset($engine->sse['signal_engine'])));

        return array_map(fn(EngineUnderTest $engine): array => [$engine], $looking);
    }

    #[DataProvider('engines')]
    public function testEachPushIsToldOnceAndToAllInOneOrder(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $this->assertEachIsToldOnce(
            array_map(fn(): Worker => $this->worker(), range(1, self::PUSHERS)),
            array_map(fn(): Reader => $this->looking(), range(1, self::READERS)),
        );
    }

    /**
     * @return array<string, array{\Sse\Test\Support\EngineUnderTest}>
     */
    public static function databases(): array
    {
        return array_map(fn(EngineUnderTest $engine): array => [$engine], EngineUnderTest::of('database'));
    }

    #[DataProvider('databases')]
    public function testWithOneStoreInRedisEachMachineTellsAllOthersAndEachPushOnce(EngineUnderTest $engine): void
    {
        $missing = Redis::missing() ?? EngineUnderTest::missingStore();
        if ($missing !== null) {
            $this->markTestSkipped($missing);
        }
        $this->choose($engine);
        $application = json_decode($this->environment['SSE_TEST_APP'], true);
        $application += ['Datasources' => ['default' => ['database' => "$this->tmp/app.sqlite"]]];
        $dsn = 'redis+unix://' . Redis::shared()->socket() . '?prefix=' . bin2hex(random_bytes(4)) . ':';
        [$workers, $readers] = [[], []];
        foreach (range(1, 3) as $machine) {
            mkdir("$this->tmp/machine$machine");
            $this->environment = [
                'SSE_TMP' => "$this->tmp/machine$machine",
                'SSE_TEST_APP' => (string)json_encode($application),
                'SSE_TEST_CONFIG' => (string)json_encode(compact('dsn') + $engine->sse),
            ] + $this->environment;
            array_push($workers, $this->worker(), $this->worker());
            array_push($readers, $this->looking(), $this->reader('contended', ['replay' => 'all'])->connected());
        }

        $this->assertEachIsToldOnce($workers, $readers);
    }

    public function testOfManyStreamsThatFindAChangeWithoutAPushOneTellsOfIt(): void
    {
        $this->choose(EngineUnderTest::all()['native and signal']);
        $readers = array_map(fn(): Reader => $this->looking(), range(1, self::READERS));
        $worker = $this->worker();
        $worker->push('contended', 'newest');
        $counter = "$this->tmp/" . bin2hex('contended') . '.counter';
        foreach (range(1, 5) as $change) {
            file_put_contents($counter, (string)(100 * $change));
            foreach ($readers as $reader) {
                $this->assertSame(array_fill(0, $change + 1, 'newest'), $reader->received($change + 1));
            }
        }
        $worker->push('contended', 'end');

        foreach ($readers as $reader) {
            $this->assertSame([...array_fill(0, 6, 'newest'), 'end'], $reader->received(7));
        }
    }

    private function looking(): Reader
    {
        return $this->reader('contended', ['poll' => 0.05, 'replay' => 'all'])->connected();
    }

    /**
     * @param list<\Sse\Test\Support\Worker> $workers Who pushes.
     * @param list<\Sse\Test\Support\Reader> $readers Who listens.
     */
    private function assertEachIsToldOnce(array $workers, array $readers): void
    {
        foreach (range(1, self::PUSHES) as $number) {
            foreach ($workers as $pusher => $worker) {
                $worker->tellPush('contended', [$pusher, $number]);
            }
        }
        foreach ($workers as $worker) {
            foreach (range(1, self::PUSHES) as $_) {
                $this->assertTrue($worker->hear());
            }
        }
        // A last one, so that what came twice would have come by now.
        $workers[0]->push('contended', 'end');
        foreach ($readers as $reader) {
            $reader->until(fn() => in_array('end', $reader->data(), true), 'the end');
            $this->assertSame($readers[0]->data(), $reader->data());
        }

        $this->assertCount(count($workers) * self::PUSHES + 1, $readers[0]->data());
        foreach (array_keys($workers) as $pusher) {
            $isOwn = fn(mixed $event): bool => is_array($event) && $event[0] === $pusher;
            $own = array_column(array_filter($readers[0]->data(), $isOwn), 1);
            $this->assertSame(range(1, self::PUSHES), $own, 'A pusher\'s own are in its order.');
        }
        $this->assertNotContains('sse-gap', array_column($readers[0]->events(), 'event'));
    }
}
