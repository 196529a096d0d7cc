<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use Cake\Core\Configure;
use Cake\TestSuite\LogTestTrait;
use Cake\TestSuite\TestCase;
use Closure;
use LogicException;
use PHPUnit\Framework\Attributes\DataProvider;
use Sse\Service\Signal\FileSignalStrategy;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\Test\Support\CounterSignal;
use Sse\Test\Support\StreamsTrait;

/**
 * A signal class of an application's own beside the engines that need none.
 *
 * A stream in these tests sends what is stored, then runs its loop once (asking the signal), then sends what is new.
 */
class SignalClassTest extends TestCase
{
    use LogTestTrait;
    use StreamsTrait;

    public function setUp(): void
    {
        parent::setUp();
        CounterSignal::$counters = [];
        CounterSignal::$touched = null;
        Configure::write('Sse.signal_engine', CounterSignal::class);
    }

    /**
     * @return list<list<string>>
     */
    public static function engines(): array
    {
        // In tests both are the test's own store.
        return [['native'], ['redis']];
    }

    #[DataProvider('engines')]
    public function testEachPushTouchesItAndIsSentOnce(string $engine): void
    {
        Configure::write('Sse.payload_engine', $engine);
        $position = $this->getSsePosition('touched');
        $this->pushAll('touched', [['n' => 1], ['n' => 2]]);

        $this->assertSame(2, CounterSignal::$counters['touched']);
        $this->assertSame([['n' => 1], ['n' => 2]], $this->streamed('touched', [], $position));
        $this->assertSame([], $this->streamed('touched', [], $this->getSsePosition('touched')));
    }

    #[DataProvider('engines')]
    public function testAChangeWithoutAPushSendsTheNewestPayloadOnceMore(string $engine): void
    {
        Configure::write('Sse.payload_engine', $engine);
        $this->pushAll('changed', ['old', ['event' => 'toast', 'n' => 1]]);
        $position = $this->getSsePosition('changed');
        CounterSignal::$counters['changed']++;

        // The first stream notices and stores it; the second finds it there.
        foreach (range(1, 2) as $ignored) {
            $this->assertSame([['n' => 1]], $this->streamed('changed', [], $position));
            $this->assertSame('toast', $this->getSseEvents()[0]['event']);
        }
        $this->assertSame([], $this->streamed('changed', [], $this->getSsePosition('changed')));
        $this->assertSame(3, CounterSignal::$counters['changed']);
    }

    public function testAChangeOfWhatHasNoPayloadSendsNothing(): void
    {
        Configure::write('Sse.payload_engine', 'native');
        CounterSignal::$counters['empty'] = 5;

        $this->assertSame([], $this->streamed('empty'));
    }

    public function testWhatIsNotedOfItReachesNoStream(): void
    {
        Configure::write('Sse.payload_engine', 'native');
        $this->pushAll('noted', [1]);

        $this->assertSame([1], $this->streamed('noted'));
        $this->assertSame([1], array_column(Store::instance()->read('noted', null, 100), 'data'));
    }

    public function testASignalThatCannotBeTouchedIsLoggedAndThePushStays(): void
    {
        $this->setupLog('error');
        Configure::write('Sse', ['payload_engine' => 'native', 'signal_engine' => UntouchableSignal::class]);

        $this->assertTrue(SseService::push('untouched', 1));

        $this->assertLogged('key "untouched": an event is kept and sent, and its signal could not be touched: gone');
        $this->assertSame([1], $this->streamed('untouched'));
    }

    public function testTheApplicationsOnLoopRunsBesideIt(): void
    {
        Configure::write('Sse.payload_engine', 'native');
        $calls = 0;
        $this->streamed('beside', ['onLoop' => function () use (&$calls): void {
            $calls++;
        }]);

        $this->assertSame(1, $calls);
    }

    /**
     * What the engine has a stream do every `poll` seconds.
     *
     * @return \Closure(): void
     */
    private function looking(string $key): Closure
    {
        $options = SseService::service()->engine->streamOptions([$key], []);

        return fn() => $options['collect']($key);
    }

    public function testAStreamThatLooksWhileAPushIsUnderWaySendsNothingOnceMore(): void
    {
        foreach (['native', 'cache'] as $engine) {
            Configure::write('Sse.payload_engine', $engine);
            SseService::reset();
            $position = $this->getSsePosition($engine);
            $stream = $this->looking($engine);
            CounterSignal::$touched = $stream;
            $this->pushAll($engine, [1, 2]);
            CounterSignal::$touched = null;
            $stream();

            $this->assertSame([1, 2], $this->streamed($engine, [], $position), $engine);
            // What others change is sent as ever.
            CounterSignal::$counters[$engine]++;
            $stream();
            $this->assertSame([1, 2, 2], $this->streamed($engine, [], $position), $engine);
        }
    }

    public function testOfTwoStreamsThatFindOneChangeOneSendsItOnceMore(): void
    {
        Configure::write('Sse.payload_engine', 'native');
        $this->pushAll('both', [1]);
        $position = $this->getSsePosition('both');
        CounterSignal::$counters['both']++;
        [$one, $other] = [$this->looking('both'), $this->looking('both')];
        $this->beforeTheNextIsStored($other);

        $one();

        $this->assertSame([1], $this->streamed('both', [], $position));
    }

    public function testAPushThatBeginsWhenAChangeIsFoundIsSentOnce(): void
    {
        Configure::write('Sse.payload_engine', 'native');
        $this->pushAll('meanwhile', [1]);
        $position = $this->getSsePosition('meanwhile');
        CounterSignal::$counters['meanwhile']++;
        $stream = $this->looking('meanwhile');
        $this->beforeTheNextIsStored(fn() => $this->pushAll('meanwhile', [2]));

        $stream();

        $this->assertSame([2], $this->streamed('meanwhile', [], $position));
    }

    #[DataProvider('engines')]
    public function testAStreamOfSeveralKeysAsksItForEach(string $engine): void
    {
        Configure::write('Sse.payload_engine', $engine);
        $this->pushAll('one', [1]);
        $this->pushAll('other', [2]);
        $position = SseService::cursor(['one', 'other']);
        CounterSignal::$counters['other']++;

        $request = ['query' => ['lastEventId' => $position]];
        $this->_response = $this->component([], $request)->stream(['one', 'other']);

        $this->assertSame([2], array_column($this->getSseEvents(), 'data'));
    }

    public function testCheckWithATimeAsksIt(): void
    {
        Configure::write('Sse.payload_engine', 'native');
        $this->assertNull(SseService::check('asked', 0));
        $this->pushAll('asked', [['n' => 1]]);
        CounterSignal::$counters['asked'] = 5;

        $found = SseService::check('asked', 4);

        $this->assertSame([5, ['n' => 1]], [$found['time'] ?? null, $found['data'] ?? null]);
        $this->assertNull(SseService::check('asked', 5));
        $this->assertSame(['n' => 1], SseService::check('asked', '0-0')['data'] ?? null);
    }

    public function testTouchingTheFileSignalSendsTheNewestPayloadOnceMore(): void
    {
        Configure::write('Sse', ['payload_engine' => 'native']);
        $this->pushAll('by hand', [['n' => 1]]);
        $position = $this->getSsePosition('by hand');

        (new FileSignalStrategy())->touch('by hand');

        $this->assertSame([['n' => 1]], $this->streamed('by hand', [], $position));
    }

    public function testAPayloadIsNotSentOnceMoreBehindOneThatIsPushedMeanwhile(): void
    {
        Configure::write('Sse', ['payload_engine' => 'native']);
        $this->pushAll('behind', [1]);
        $position = $this->getSsePosition('behind');
        $this->beforeTheNextIsStored(fn() => $this->pushAll('behind', [2]));

        (new FileSignalStrategy())->touch('behind');

        $this->assertSame([2], $this->streamed('behind', [], $position));
    }
}

// phpcs:disable PSR1.Classes.ClassDeclaration.MultipleClasses, Squiz.Classes.ClassFileName.NoMatch

/**
 * Cannot be touched.
 */
class UntouchableSignal extends CounterSignal
{
    public function touch(string $key): void
    {
        throw new LogicException('gone');
    }
}
