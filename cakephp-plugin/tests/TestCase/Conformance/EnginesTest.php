<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Conformance;

use App\Sse\FileValues;
use App\Sse\JournalPayloads;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Sse\Test\Support\EngineUnderTest;
use Sse\Test\Support\ProcessesTrait;
use Sse\Test\Support\Server\Redis;
use stdClass;

/**
 * What must hold for every engine, between real processes.
 */
class EnginesTest extends TestCase
{
    use ProcessesTrait;

    private const PUSHERS = 8;
    private const PUSHES = 25;
    private const READERS = 3;

    /**
     * @return array<string, array{\Sse\Test\Support\EngineUnderTest}>
     */
    public static function engines(): array
    {
        return array_map(fn(EngineUnderTest $engine): array => [$engine], EngineUnderTest::all());
    }

    /**
     * @return array<string, array{\Sse\Test\Support\EngineUnderTest}>
     */
    public static function enginesThatKeepEach(): array
    {
        return array_filter(self::engines(), fn(array $row): bool => $row[0]->keepsEach);
    }

    #[DataProvider('engines')]
    public function testAPushOfAnotherProcessWakesAStreamThatLooksAtNothingElse(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('woken')->connected();
        $worker = $this->worker();

        $this->assertTrue($worker->push('woken', ['n' => 1]));
        $this->assertSame([['n' => 1]], $reader->received(1));
    }

    #[DataProvider('enginesThatKeepEach')]
    public function testQuickPushesArriveInOrderWithRisingIds(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('quick')->connected();
        $worker = $this->worker();
        foreach (range(1, 50) as $number) {
            $worker->tellPush('quick', $number);
        }

        $this->assertSame(range(1, 50), $reader->received(50));
        $ids = array_column($reader->events(), 'id');
        $this->assertSame($ids, array_unique($ids));
    }

    #[DataProvider('enginesThatKeepEach')]
    public function testOfEightPushersThreeReadersThatDropAndResumeGetEachOnce(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $workers = array_map(fn() => $this->worker(), range(1, self::PUSHERS));
        $start = $workers[0]->cursor('crowd');
        foreach (range(1, self::PUSHES) as $number) {
            foreach ($workers as $pusher => $worker) {
                $worker->tellPush('crowd', [$pusher, $number]);
            }
        }
        $got = array_fill(0, self::READERS, []);
        $ids = array_fill(0, self::READERS, $start);
        $drops = 0;
        $waiting = range(0, self::READERS - 1);
        while ($waiting !== []) {
            $at = $waiting[array_rand($waiting)];
            $missing = self::PUSHERS * self::PUSHES - count($got[$at]);
            $reader = $this->reader('crowd', ['lastEventId' => $ids[$at]]);
            // It drops when it has so many, whatever else is on its way.
            $wanted = random_int(1, min(60, $missing));
            $reader->received($wanted);
            $reader->kill();
            $drops++;
            array_push($got[$at], ...array_slice($reader->data(), 0, $wanted));
            $ids[$at] = $reader->events()[$wanted - 1]['id'];
            if ($wanted === $missing) {
                $waiting = array_diff($waiting, [$at]);
            }
        }
        foreach ($workers as $worker) {
            foreach (range(1, self::PUSHES) as $_) {
                $this->assertTrue($worker->hear());
            }
        }

        $this->assertGreaterThan(self::READERS, $drops);
        foreach ($got as $events) {
            $this->assertSame($got[0], $events, 'Each reader gets the same order.');
        }
        foreach (range(0, self::PUSHERS - 1) as $pusher) {
            $own = array_filter($got[0], fn(array $event): bool => $event[0] === $pusher);
            $this->assertSame(range(1, self::PUSHES), array_column($own, 1), 'A pusher\'s own are in its order.');
        }
    }

    #[DataProvider('enginesThatKeepEach')]
    public function testAClientThatComesBackGetsWhatItMissedAndNothingTwice(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $worker = $this->worker();
        $reader = $this->reader('resumed')->connected();
        $worker->push('resumed', 'first');
        $reader->received(1);
        $reader->kill();
        $worker->push('resumed', 'missed');
        $worker->push('resumed', 'missed too');

        $again = $this->reader('resumed', ['lastEventId' => $reader->lastId()]);
        $this->assertSame(['missed', 'missed too'], $again->received(2));
        $worker->push('resumed', 'last');
        $this->assertSame(['missed', 'missed too', 'last'], $again->received(3));
    }

    #[DataProvider('engines')]
    public function testAClientWithoutAnIdGetsTheNewestFirst(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $worker = $this->worker();
        $worker->push('sticky', 'old');
        $worker->push('sticky', 'newest');

        $reader = $this->reader('sticky');

        $this->assertSame(['newest'], $reader->received(1));
        $worker->push('sticky', 'next');
        $this->assertSame(['newest', 'next'], $reader->received(2));
    }

    #[DataProvider('engines')]
    public function testEachKeyIsItsOwnByItsBytes(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $keys = [
            'a b', 'a_b', 'a b ', ' a b', 'A b', 'a/b', 'a:b', 'a-b', '../a', 'ключ', "n\u{303}", "\u{f1}", '%',
            'a%20b', "tab\t",
            "line\n", "\xff\xfe", '0', '00', '{a}', '*', str_repeat('k', 1024), str_repeat('k', 1023) . 'l',
        ];
        $worker = $this->worker();
        foreach ($keys as $number => $key) {
            $this->assertTrue($worker->push($key, "number $number"));
        }
        foreach ($keys as $number => $key) {
            $found = $worker->check($key, 0);
            $this->assertSame("number $number", $found['data'] ?? null);
        }
    }

    #[DataProvider('engines')]
    public function testThePayloadIsOnTheWireAsPhpEncodesIt(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('exact')->connected();
        $worker = $this->worker();
        $payloads = [
            1.0, 0.1 + 0.2, 1e100, PHP_INT_MAX, '', '0', 'ñ/✓ 😀 </script>', "\u{2028} \0 \\ \" ' \r\n", true,
            [], [[]], ['1' => 'a', 'b' => [1.50, null, ['c' => false]]], str_repeat('large ', 150_000),
        ];
        if (!$engine->isOwn()) {
            // What a class of one's own makes of these is its own.
            array_push($payloads, null, -0.0, [-0.0, '-0'], new stdClass(), [new stdClass()], (object)['0' => '{}']);
        }
        foreach ($payloads as $number => $payload) {
            // Of a class that keeps the last value each is seen before the next.
            $this->assertTrue($worker->push('exact', $payload));
            $reader->received($number + 1);
        }

        $this->assertSame(array_map(json_encode(...), $payloads), array_column($reader->events(), 'data'));
    }

    #[DataProvider('enginesThatKeepEach')]
    public function testWhatIsNotKeptAnyMoreIsTold(EngineUnderTest $engine): void
    {
        $this->settings = ['sse.retention_events' => '5'];
        $this->choose($engine);
        $worker = $this->worker();
        $worker->push('kept', 0);
        $known = $worker->check('kept', 0)['id'] ?? '';
        foreach (range(1, 200) as $number) {
            $worker->push('kept', $number);
        }

        $reader = $this->reader('kept', ['lastEventId' => $known]);
        $reader->until(fn() => in_array(200, $reader->data(), true), 'the newest');

        $this->assertSame('sse-gap', $reader->events()[0]['event']);
        $numbers = array_slice($reader->data(), 1);
        $this->assertSame(range($numbers[0], 200), $numbers);
        $this->assertGreaterThanOrEqual(5, count($numbers));
        $this->assertLessThan(100, count($numbers));
    }

    #[DataProvider('enginesThatKeepEach')]
    public function testAStoreThatWasEmptiedBehindOurBackIsTold(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $worker = $this->worker();
        $worker->push('emptied', 'known');
        $reader = $this->reader('emptied');
        $reader->received(1);
        $reader->kill();
        $worker->push('emptied', 'lost');
        $this->empty($engine);
        $worker->push('emptied', 'new');

        $again = $this->reader('emptied', ['lastEventId' => $reader->lastId()]);
        $again->until(fn() => in_array('new', $again->data(), true), 'what came after');

        $this->assertContains('sse-gap', array_column($again->events(), 'event'));
        $this->assertNotContains('lost', $again->data());
    }

    #[DataProvider('enginesThatKeepEach')]
    public function testCheckFindsTheFirstAfterAnIdAndTheNewestAfterATime(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $worker = $this->worker();
        $this->assertNull($worker->check('checked', '0-0'));
        foreach (['a', 'b', 'c'] as $payload) {
            $worker->push('checked', $payload);
        }
        $seen = [];
        $id = '0-0';
        while (($found = $worker->check('checked', $id)) !== null) {
            $seen[] = $found['data'];
            $id = $found['id'];
        }

        $this->assertSame(['a', 'b', 'c'], $seen);
        $this->assertSame('c', $worker->check('checked', 0)['data'] ?? null);
    }

    #[DataProvider('engines')]
    public function testAFailedStoreAnswersFalseAndWakesNobody(EngineUnderTest $engine): void
    {
        $this->choose($engine);
        $reader = $this->reader('failing')->connected();
        $worker = $this->worker();
        $this->break($engine, true);

        $this->assertFalse($worker->push('failing', 'lost'));

        $this->break($engine, false);
        // CakePHP gives a cache up for the rest of a process.
        $this->assertTrue($this->worker()->push('failing', 'kept'));
        // A stream that looks at its files, as nothing wakes it, may have seen that and ended; its client comes back.
        $reader->until(fn() => $reader->events() !== [] || !$reader->isRunning(), 'an event, or its end');
        $resumed = $reader->isRunning() ? $reader : $this->reader('failing', ['lastEventId' => $reader->lastId()]);
        $this->assertSame(['kept'], $resumed->received(1));
        $this->assertNotSame('', $this->log());
    }

    /**
     * Does to the store what an administrator might.
     */
    private function empty(EngineUnderTest $engine): void
    {
        match (true) {
            $engine->isDatabase() => $this->worker()->ask('sql', 'DELETE FROM sse_payloads'),
            ($engine->sse['payload_engine'] ?? null) === 'cache' => $this->worker()->ask('clear'),
            $engine->isRedis() => Redis::shared()->client()->flushAll(),
            default => exec("rm -rf $this->tmp/*.journal $this->tmp/sse/*"),
        };
    }

    /**
     * Makes the place where payloads are kept unusable, also for root, and mends it.
     */
    private function break(EngineUnderTest $engine, bool $isBroken): void
    {
        if ($this->server !== null) {
            $isBroken ? $this->server->stop() : $this->server->start();
        } elseif ($engine->isDatabase()) {
            $names = ['sse_payloads', 'sse_payloads_away'];
            [$from, $to] = $isBroken ? $names : array_reverse($names);
            $this->worker()->ask('sql', "ALTER TABLE $from RENAME TO $to");
        } else {
            // Something in its place, and that of another kind.
            $place = $this->tmp . match ($engine->sse['payload_engine'] ?? null) {
                JournalPayloads::class => '/' . hash('sha256', 'failing') . '.journal',
                FileValues::class => '/' . bin2hex('failing') . '.value',
                'cache' => '/cache',
                default => '/sse',
            };
            if (!$isBroken) {
                is_dir($place) ? rmdir($place) : unlink($place);
                is_dir("$this->tmp/away") && rename("$this->tmp/away", $place);
            } elseif (is_dir($place)) {
                rename($place, "$this->tmp/away");
                touch($place);
            } else {
                mkdir($place);
            }
        }
    }
}
