<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\TestSuite;

use App\Controller\ProbeController;
use Cake\TestSuite\IntegrationTestTrait;
use Cake\TestSuite\TestCase;
use InvalidArgumentException;
use PHPUnit\Framework\AssertionFailedError;
use Sse\Service\SseService;
use Sse\TestSuite\SseTestTrait;

/**
 * The trait that applications test with.
 */
class SseTestTraitTest extends TestCase
{
    use IntegrationTestTrait;
    use SseTestTrait;

    public function tearDown(): void
    {
        ProbeController::$options = [];
        parent::tearDown();
    }

    public function testPushesAreRemembered(): void
    {
        $this->assertSsePushCount(0);
        SseService::push('a', ['n' => 1]);
        SseService::push('b', 'text');
        $this->get('/probe/push?key=a&payload={"n":2}');
        $this->assertResponseEquals('kept');

        $this->assertSsePushed('a', ['n' => 1]);
        $this->assertSsePushed('a', ['n' => 2]);
        $this->assertSsePushed('b', 'text');
        $this->assertSsePushCount(3);
        $this->assertSsePushCount(2, 'a');
        $this->assertSame([['n' => 1], 'text', ['n' => 2]], $this->getSsePushes());
        $this->assertFails(fn() => $this->assertSsePushed('a', ['n' => 3]));
        $this->assertFails(fn() => $this->assertSsePushed('b', ['n' => 1]));
        $this->assertFails(fn() => $this->assertSsePushCount(1));
    }

    public function testEachTestHasAStoreOfItsOwn(): void
    {
        $this->assertSsePushCount(0);
        $this->get('/probe/open.sse?key=a');
        $this->assertSseNotSent();
        $this->assertDirectoryDoesNotExist(TMP . 'sse');
    }

    public function testTheEventsOfAStreamAreAsserted(): void
    {
        SseService::push('k', ['event' => 'toast', 'message' => 'Done']);
        $this->get('/probe/open.sse?key=k');

        $this->assertResponseOk();
        $this->assertContentType('text/event-stream');
        $this->assertSseSent('toast', ['message' => 'Done']);
        $this->assertSseNotSent('update');
        $this->assertResponseContains('event: connected');
        $this->assertResponseContains('event: toast');
        $this->assertFails(fn() => $this->assertSseSent('toast', ['message' => 'Other']));
        $this->assertFails(fn() => $this->assertSseNotSent());
        $this->assertFails(fn() => $this->assertSseNotSent('toast'));
    }

    public function testAPageIsNoStream(): void
    {
        $this->get('/probe/ping');

        $this->assertFails(fn() => $this->getSseEvents());
    }

    public function testFromAPositionAllThatCameIsSent(): void
    {
        $position = $this->getSsePosition('k');
        SseService::push('k', 1);
        SseService::push('k', 2);
        $this->configRequest(['headers' => ['Last-Event-ID' => $position]]);
        $this->get('/probe/open.sse?key=k');

        $this->assertSame([1, 2], array_column($this->getSseEvents(), 'data'));
    }

    public function testWhatOnLoopPushesIsSentToo(): void
    {
        ProbeController::$options = ['onLoop' => function (): void {
            echo 'nobody sees this';
            SseService::push('k', 2);
            SseService::push('k', 3);
        }];
        SseService::push('k', 1);
        $this->get('/probe/open.sse?key=k');

        $this->assertSame([1, 2, 3], array_column($this->getSseEvents(), 'data'));
        $this->assertResponseNotContains('nobody');
        $this->assertSsePushCount(3);
    }

    public function testClosuresSeeEachEventOnce(): void
    {
        $seen = [];
        ProbeController::$options = [
            'onLoop' => fn() => SseService::push('k', 5),
            'beforeSend' => function (int $payload) use (&$seen): ?int {
                $seen[] = $payload;

                return $payload % 2 === 0 ? $payload : null;
            },
        ];
        $position = $this->getSsePosition('k');
        foreach ([1, 2, 3] as $number) {
            SseService::push('k', $number);
        }
        $this->configRequest(['headers' => ['Last-Event-ID' => $position]]);
        $this->get('/probe/open.sse?key=k');

        $this->assertSame([2], array_column($this->getSseEvents(), 'data'));
        $this->assertSame([1, 2, 3, 5], $seen);
    }

    public function testMoreEventsThanAStreamWritesAtOnceAreAllSent(): void
    {
        $position = $this->getSsePosition('many');
        foreach (range(1, 600) as $number) {
            SseService::push('many', $number);
        }
        $this->configRequest(['headers' => ['Last-Event-ID' => $position]]);
        $this->get('/probe/open.sse?key=many');

        $this->assertSame(range(1, 600), array_column($this->getSseEvents(), 'data'));
    }

    public function testTheGreetingIsLeftOutWhereItIsNotWanted(): void
    {
        ProbeController::$options = ['connected' => false];
        SseService::push('k', 1);
        $this->get('/probe/open.sse?key=k');

        $this->assertResponseNotContains('event: connected');
        $this->assertSseSent('message', 1);
    }

    public function testANewTestBeginsWithoutPushes(): void
    {
        SseService::push('k', 1);
        $this->tearDownSse();
        $this->setUpSse();

        $this->assertSsePushCount(0);
        $this->get('/probe/open.sse?key=k');
        $this->assertSseNotSent();
    }

    public function testAFailureSaysTheKeyWhatWasExpectedAndWhatWasPushed(): void
    {
        SseService::push('USER_QUEUE_1', ['report_id' => 504]);
        SseService::push('USER_QUEUE_2', ['name' => 'Ünïcode']);

        $this->assertSame(
            "As the README says\nThis was not pushed to the key \"USER_QUEUE_1\":\n  {\"report_id\":505}\n"
            . "To this key were pushed:\n  {\"report_id\":504}\n"
            . "To other keys were pushed:\n  \"USER_QUEUE_2\"  {\"name\":\"Ünïcode\"}",
            $this->assertFails(
                fn() => $this->assertSsePushed('USER_QUEUE_1', ['report_id' => 505], 'As the README says'),
            ),
        );
        $this->assertStringContainsString(
            "2 events were pushed:\n  \"USER_QUEUE_1\"  {\"report_id\":504}\n"
            . "  \"USER_QUEUE_2\"  {\"name\":\"Ünïcode\"}",
            $this->assertFails(fn() => $this->assertSsePushCount(0)),
        );
        $this->assertStringContainsString(
            "0 events were pushed to the key \"k\":\n  nothing",
            $this->assertFails(fn() => $this->assertSsePushCount(1, 'k')),
        );
    }

    public function testAFailureSaysWhatTheStreamSent(): void
    {
        SseService::push('k', ['event' => 'toast', 'message' => 'Done']);
        $this->get('/probe/open.sse?key=k');

        $this->assertSame(
            "The stream did not send:\n  \"toast\"  {\"message\":\"Other\"}\n"
            . "It sent:\n  \"toast\"  {\"message\":\"Done\"}",
            $this->assertFails(fn() => $this->assertSseSent('toast', ['message' => 'Other'])),
        );
        $this->assertStringContainsString(
            "The stream was not to send the event \"toast\". It sent:\n  \"toast\"  {\"message\":\"Done\"}",
            $this->assertFails(fn() => $this->assertSseNotSent('toast')),
        );
    }

    public function testWhatWasPushedIsReadAndChecked(): void
    {
        SseService::push('k', 1);
        SseService::push('k', ['n' => 2]);
        [$first, $second] = SseService::read('k');

        $this->assertSame([1, ['n' => 2]], [$first['data'], $second['data']]);
        $this->assertSame([$second], SseService::read('k', $first['id']));
        $this->assertSame([$second], SseService::read('k', null, -1));
        $this->assertSame($second, SseService::check('k', $first['id']));
        $this->assertNull(SseService::status()['problem']);
    }

    public function testAnEmptyObjectStaysOneOnTheWire(): void
    {
        SseService::push('k', ['event' => 'toast', 'nothing' => (object)[]]);
        $this->get('/probe/open.sse?key=k');

        $this->assertResponseContains('data: {"nothing":{}}');
    }

    public function testWhatCanNotBePushedIsRefused(): void
    {
        foreach ([['', 1], ['k', NAN], ['k', ['event' => 'error']]] as [$key, $payload]) {
            try {
                SseService::push($key, $payload);
                $this->fail('It was pushed.');
            } catch (InvalidArgumentException) {
                $this->assertSsePushCount(0);
            }
        }
    }

    private function assertFails(callable $assertion): string
    {
        try {
            $assertion();
        } catch (AssertionFailedError $failure) {
            $this->addToAssertionCount(1);

            return $failure->getMessage();
        }
        $this->fail('The assertion held.');
    }
}
