<?php
declare(strict_types=1);

namespace Sse\Test\TestCase;

use App\Controller\ProbeController;
use Cake\Cache\Cache;
use Cake\TestSuite\IntegrationTestTrait;
use Cake\TestSuite\TestCase;
use Sse\Service\SseService;
use Sse\TestSuite\SseTestTrait;

/**
 * The stream action that the README shows, from request to frames.
 */
class StreamTest extends TestCase
{
    use IntegrationTestTrait;
    use SseTestTrait;

    public function tearDown(): void
    {
        ProbeController::$options = [];
        Cache::clear();
        parent::tearDown();
    }

    public function testAPayloadsOwnEventNamesTheFrame(): void
    {
        SseService::push('USER_QUEUE_1', ['event' => 'toast', 'message' => 'Done.', 'type' => 'success']);

        $this->get('/stream/reports.sse?token=1');

        $this->assertResponseOk();
        $this->assertSseSent('toast', ['message' => 'Done.', 'type' => 'success']);
        $this->assertCount(1, $this->getSseEvents());
    }

    public function testBeforeSendHydratesAReport(): void
    {
        SseService::push('USER_QUEUE_1', ['report_id' => 505]);

        $this->get('/stream/reports.sse?token=1');

        [$event] = $this->getSseEvents();
        $this->assertSame('report_ready', $event['event']);
        $this->assertSame(['id' => 505, 'title' => 'Sales of May'], $event['data']['data']);
        $this->assertSame(['data', 'timestamp'], array_keys($event['data']));
    }

    public function testAPayloadWithoutAnEventHasTheStreamsName(): void
    {
        SseService::push('USER_QUEUE_1', ['message' => 'unnamed']);

        $this->get('/stream/reports.sse?token=1');

        $this->assertSseSent('update', ['message' => 'unnamed']);
    }

    public function testOnLoopRunsOnce(): void
    {
        $this->get('/stream/reports.sse?token=7');
        $this->assertSseNotSent();

        $this->assertEqualsWithDelta(time(), Cache::read('online_7'), 5);
    }

    public function testASharedEventNameOfTheUsersKeyOnlyReachesThatUser(): void
    {
        SseService::push('USER_QUEUE_2', ['event' => 'toast', 'message' => 'for the other one']);

        $this->get('/stream/reports.sse?token=1');

        $this->assertSseNotSent();
    }

    public function testWithoutALoginTheAnswerIsA401InJsonAndNoRedirect(): void
    {
        $this->get('/stream/reports.sse');

        $this->assertResponseCode(401);
        $this->assertContentType('application/json');
        $this->assertSame(['message' => 'Please log in.'], json_decode((string)$this->_response->getBody(), true));
        $this->assertNoRedirect();
    }

    public function testAReportThatIsGoneIsLeftOutAndTheStreamGoesOn(): void
    {
        $position = $this->getSsePosition('USER_QUEUE_1');
        SseService::push('USER_QUEUE_1', ['report_id' => 404]);
        SseService::push('USER_QUEUE_1', ['message' => 'next']);
        $this->configRequest(['headers' => ['Last-Event-ID' => $position]]);

        $this->get('/stream/reports.sse?token=1');

        $this->assertSame([['message' => 'next']], array_column($this->getSseEvents(), 'data'));
        $this->assertResponseNotContains('RecordNotFound');
    }

    public function testAToolbarThatBuffersChangesNothing(): void
    {
        SseService::push('USER_QUEUE_1', ['event' => 'toast', 'message' => 'Done.']);
        $level = ob_get_level();

        $this->get('/stream/reports.sse?token=1&toolbar=1');
        $this->assertSseSent('toast', ['message' => 'Done.']);
        $this->assertResponseNotContains('toolbar.js');
        $this->assertHeader('X-DEBUGKIT-ID', 'b6a0f3f5');

        while (ob_get_level() > $level) {
            ob_end_clean();
        }
    }
}
