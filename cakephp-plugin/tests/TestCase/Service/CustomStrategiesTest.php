<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use App\Sse\JournalPayloads;
use Cake\Core\Configure;
use Cake\TestSuite\LogTestTrait;
use Cake\TestSuite\TestCase;
use LogicException;
use PHPUnit\Framework\Attributes\DataProvider;
use Sse\Service\Payload\CachePayloadStrategy;
use Sse\Service\Signal\FileSignalStrategy;
use Sse\Service\SseService;
use Sse\Test\Support\ArrayPayloads;
use Sse\Test\Support\CounterSignal;
use Sse\Test\Support\OrderedPayloads;
use Sse\Test\Support\StreamsTrait;

/**
 * Payload and signal classes of an application's own.
 *
 * A stream in these tests sends what is stored, then runs its loop once (asking the signal), then sends what is new.
 */
class CustomStrategiesTest extends TestCase
{
    use LogTestTrait;
    use StreamsTrait;

    public function setUp(): void
    {
        parent::setUp();
        ArrayPayloads::reset();
        OrderedPayloads::$payloads = [];
        CounterSignal::$counters = [];
    }

    public function tearDown(): void
    {
        array_map(unlink(...), glob(TMP . '*.journal') ?: []);
        parent::tearDown();
    }

    /**
     * @param class-string $payload The payload class.
     * @param class-string|null $signal The signal class.
     */
    private function choose(string $payload, ?string $signal = null): void
    {
        Configure::write('Sse', ['payload_engine' => $payload, 'signal_engine' => $signal ?? 'file']);
        SseService::reset();
    }

    public function testTheLastValueIsSent(): void
    {
        $this->choose(ArrayPayloads::class);
        $this->pushAll('last', [['n' => 1], ['event' => 'named', 'n' => 2]]);

        $this->streamed('last');

        $this->assertSseSent('named', ['n' => 2]);
        $this->assertCount(1, $this->getSseEvents());
    }

    public function testAClientThatMissedManyPushesGetsTheLastValueOnce(): void
    {
        $this->choose(ArrayPayloads::class);
        $position = $this->getSsePosition('missed');
        $this->pushAll('missed', range(1, 50));

        $this->assertSame([50], $this->streamed('missed', [], $position));
        $this->assertSame(1, ArrayPayloads::$fetches);
    }

    public function testAClientThatGotTheLastValueDoesNotGetItAgain(): void
    {
        $this->choose(ArrayPayloads::class);
        $position = $this->getSsePosition('again');
        $this->pushAll('again', [1, 2, 3]);
        $this->streamed('again', [], $position);

        $this->assertSame([], $this->streamed('again', [], $this->getSseEvents()[0]['id']));
    }

    public function testAValueChangedWhileItIsSentIsSentAsWell(): void
    {
        $this->choose(ArrayPayloads::class);
        $position = $this->getSsePosition('meanwhile');
        $this->pushAll('meanwhile', [1]);

        $sent = $this->streamed('meanwhile', ['beforeSend' => function (int $payload): int {
            if ($payload === 1) {
                $this->pushAll('meanwhile', [2]);
            }

            return $payload;
        }], $position);

        $this->assertSame([1, 2], $sent);
    }

    public function testAClassWithoutAValueSendsNothing(): void
    {
        $this->choose(ArrayPayloads::class);
        $this->pushAll('nothing', [1]);
        ArrayPayloads::$values = [];

        $this->assertSame([], $this->streamed('nothing'));
    }

    public function testAFailedStoreAnswersFalseAndWakesNobody(): void
    {
        foreach ([null, CounterSignal::class] as $signal) {
            $this->choose(ArrayPayloads::class, $signal);
            ArrayPayloads::$fails = true;

            $this->assertFalse(SseService::push('failing', 1));

            ArrayPayloads::$fails = false;
            ArrayPayloads::$values['failing'] = 'old';
            $this->assertSame([], $this->streamed('failing'));
            $this->assertSame(0, (new CounterSignal())->getLastModified('failing'));
        }
    }

    public function testFalsyValuesOfAClassAreSent(): void
    {
        foreach ([0, '', [], false] as $value) {
            $this->choose(ArrayPayloads::class);
            $this->pushAll('falsy', [$value]);

            $this->assertSame([$value], $this->streamed('falsy', ['replay' => 'last']));
        }
    }

    public function testAFetchThatThrowsIsLoggedAndTriedWithTheNextPush(): void
    {
        $this->setupLog('error');
        $this->choose(BrokenOncePayloads::class);
        $position = $this->getSsePosition('broken');
        $this->pushAll('broken', [1]);
        $this->streamed('broken', [], $position);
        $this->assertSame(['sse-gap'], array_column($this->getSseEvents(), 'event'));
        $this->pushAll('broken', [2]);

        $this->assertSame([2], $this->streamed('broken', [], $this->getSseEvents()[0]['id']));
        $this->assertLogged('fetch threw, the stream goes on: LogicException: not reachable');
    }

    public function testAPayloadOfAClassThatThisProcessDoesNotKnowIsTakenForGone(): void
    {
        $unknown = [unserialize('O:7:"Unknown":1:{s:6:"hidden";s:6:"s3cret";}')];
        $this->setupLog('error');
        foreach ([ArrayPayloads::class => null, OrderedPayloads::class => CounterSignal::class] as $class => $signal) {
            $this->choose($class, $signal);
            $position = $this->getSsePosition($class);
            $this->pushAll($class, ['known']);
            ArrayPayloads::$values[$class] = $unknown;
            array_walk_recursive(OrderedPayloads::$payloads, fn(mixed &$payload): array => $payload = $unknown);

            $this->streamed($class, [], $position);

            $this->assertSame(['sse-gap'], array_column($this->getSseEvents(), 'event'), $class);
            $this->assertLogged('the class Unknown, which this process doesn\'t know');
            $found = SseService::check($class, 0);
            $this->assertNotNull($found);
            $this->assertNull($found['data']);
            $this->assertTrue($found['gap'] ?? false);
        }
    }

    public function testAnOrderedClassLosesNothing(): void
    {
        foreach ([null, CounterSignal::class] as $signal) {
            $this->choose(OrderedPayloads::class, $signal);
            $key = "ordered $signal";
            $position = $this->getSsePosition($key);
            $this->pushAll($key, [1, null, 3]);

            $this->assertSame([1, null, 3], $this->streamed($key, [], $position));
        }
    }

    public static function payloadClasses(): array
    {
        return [[ArrayPayloads::class], [OrderedPayloads::class], [CachePayloadStrategy::class]];
    }

    /**
     * @param class-string $payload The payload class.
     */
    #[DataProvider('payloadClasses')]
    public function testWithACustomSignalAPushIsSentOnce(string $payload): void
    {
        $this->choose($payload, CounterSignal::class);
        $position = $this->getSsePosition('once');
        $this->pushAll('once', [['n' => 1]]);

        $this->assertSame([['n' => 1]], $this->streamed('once', [], $position));
        $this->assertSame([], $this->streamed('once', [], $this->getSsePosition('once')));
        $this->assertSame(1, CounterSignal::$counters['once']);
    }

    public function testAChangeByAnotherProgramIsSentOnce(): void
    {
        $this->choose(ArrayPayloads::class, CounterSignal::class);
        $this->pushAll('relayed', [1]);
        $position = $this->getSsePosition('relayed');
        ArrayPayloads::$values['relayed'] = 2;
        CounterSignal::$counters['relayed']++;

        // The first stream notices and tells the log; the second finds it there.
        $this->assertSame([2], $this->streamed('relayed', [], $position));
        $this->assertSame([2], $this->streamed('relayed', [], $position));
        $this->assertSame([], $this->streamed('relayed', [], $this->getSsePosition('relayed')));
    }

    public function testAChangeFromBeforeTheFirstPushIsSent(): void
    {
        $this->choose(ArrayPayloads::class, CounterSignal::class);
        ArrayPayloads::$values['before'] = ['state' => 'old'];
        CounterSignal::$counters['before'] = 3;

        $this->assertSame([['state' => 'old']], $this->streamed('before'));
    }

    public static function orderedClasses(): array
    {
        return [[OrderedPayloads::class], [JournalPayloads::class]];
    }

    /**
     * @param class-string<\Sse\Service\Payload\OrderedPayloadStrategyInterface> $class The payload class.
     */
    #[DataProvider('orderedClasses')]
    public function testWhatAnotherProgramStoredInAnOrderedClassIsAllSentInItsOrder(string $class): void
    {
        $this->choose($class, CounterSignal::class);
        $position = $this->getSsePosition('mixed');
        $this->pushAll('mixed', ['a']);
        (new $class())->append('mixed', 'b');
        $this->pushAll('mixed', ['c']);
        (new $class())->append('mixed', 'd');
        (new $class())->append('mixed', 'e');
        CounterSignal::$counters['mixed']++;

        $this->assertSame(['a', 'b', 'c', 'd', 'e'], $this->streamed('mixed', [], $position));
        $this->assertSame(['a', 'b', 'c', 'd', 'e'], $this->streamed('mixed', [], $position));
    }

    public function testOfFirstPushesThatOverlapEachIsSentOnce(): void
    {
        $this->choose(OrderedPayloads::class, CounterSignal::class);
        $position = $this->getSsePosition('overlap');
        OrderedPayloads::$appended = fn() => $this->pushAll('overlap', ['b']);
        $this->pushAll('overlap', ['a', 'c']);
        CounterSignal::$counters['overlap']++;

        $sent = $this->streamed('overlap', [], $position);

        $this->assertEqualsCanonicalizing(['a', 'b', 'c'], $sent);
        $this->assertSame('c', end($sent));
    }

    public function testAPushThatAStreamHasToldOfMeanwhileIsSentOnce(): void
    {
        $this->choose(OrderedPayloads::class, CounterSignal::class);
        $this->pushAll('told', ['first']);
        $position = $this->getSsePosition('told');
        $engine = SseService::service()->engine;
        OrderedPayloads::$appended = fn() => $engine->sendAgain('told');
        $this->pushAll('told', ['a', 'b']);

        $this->assertSame(['a', 'b'], $this->streamed('told', [], $position));
    }

    public function testOfAnOrderedClassThatClientsWereNeverToldOfTheNewestIsSent(): void
    {
        $this->choose(OrderedPayloads::class, CounterSignal::class);
        foreach ([1, 2, 3] as $payload) {
            (new OrderedPayloads())->append('history', $payload);
        }
        CounterSignal::$counters['history'] = 3;

        $this->assertSame([3], $this->streamed('history'));
    }

    public function testASignalThatRisesWithoutAnythingNewSendsTheLastValueOnlyWhereTheClassCannotTell(): void
    {
        foreach ([CachePayloadStrategy::class => ['same'], OrderedPayloads::class => []] as $payload => $expected) {
            $this->choose($payload, CounterSignal::class);
            $this->pushAll($payload, ['same']);
            $position = $this->getSsePosition($payload);
            CounterSignal::$counters[$payload]++;

            $this->assertSame($expected, $this->streamed($payload, [], $position));
        }
    }

    public function testTheApplicationsOnLoopRunsBesideTheSignalAlsoWhenThatFails(): void
    {
        $this->setupLog('error');
        $this->choose(ArrayPayloads::class, BrokenSignal::class);
        $calls = 0;

        $this->streamed('beside', ['onLoop' => function () use (&$calls): void {
            $calls++;
        }]);

        $this->assertSame(1, $calls);
        $this->assertLogged('the signal is gone');
    }

    public function testCheckAsksACustomSignal(): void
    {
        $this->choose(ArrayPayloads::class, CounterSignal::class);
        $this->assertNull(SseService::check('asked', 0));
        $this->pushAll('asked', [['n' => 1]]);
        ArrayPayloads::$values['asked'] = ['n' => 2];
        CounterSignal::$counters['asked'] = 5;

        $found = SseService::check('asked', 1);

        $this->assertSame(5, $found['time']);
        $this->assertSame(['n' => 2], $found['data']);
        $this->assertMatchesRegularExpression('/^\d+-\d+$/', $found['id']);
        $this->assertNull(SseService::check('asked', 5));
    }

    public function testTheFileSignalByItselfKeepsItsMethods(): void
    {
        $signal = new FileSignalStrategy();
        $this->assertSame(0, $signal->getLastModified('file'));

        $signal->touch('file');

        $this->assertEqualsWithDelta(time(), $signal->getLastModified('file'), 30);
    }

    public function testTouchingTheFileSignalSendsTheLastValue(): void
    {
        $this->choose(ArrayPayloads::class);
        $position = $this->getSsePosition('touched');
        ArrayPayloads::$values['touched'] = 'by another program';
        (new FileSignalStrategy())->touch('touched');

        $this->assertSame(['by another program'], $this->streamed('touched', [], $position));
    }
}

// phpcs:disable PSR1.Classes.ClassDeclaration.MultipleClasses, Squiz.Classes.ClassFileName.NoMatch

/**
 * Cannot be reached the first time it is asked.
 */
class BrokenOncePayloads extends ArrayPayloads
{
    public function fetch(string $key): mixed
    {
        return parent::fetch($key) !== null && self::$fetches === 1
            ? throw new LogicException('not reachable')
            : self::$values[$key];
    }
}

/**
 * Cannot be asked.
 */
class BrokenSignal extends CounterSignal
{
    public function getLastModified(string $key): int
    {
        throw new LogicException('the signal is gone');
    }
}
