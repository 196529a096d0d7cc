<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use Cake\Core\Configure;
use Cake\TestSuite\LogTestTrait;
use Cake\TestSuite\TestCase;
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
        $this->assertSame([1], array_column(iterator_to_array(Store::instance()->events('noted')), 'data'));
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
