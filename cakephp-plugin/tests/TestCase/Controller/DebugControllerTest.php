<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Controller;

use Cake\Core\Configure;
use Cake\TestSuite\IntegrationTestTrait;
use Cake\TestSuite\TestCase;
use Sse\Service\SseService;
use Sse\TestSuite\SseTestTrait;

class DebugControllerTest extends TestCase
{
    use IntegrationTestTrait;
    use SseTestTrait;

    public function tearDown(): void
    {
        Configure::write('debug', true);
        parent::tearDown();
    }

    public function testThePageIsThereInDebugMode(): void
    {
        $this->get('/sse-debug');

        $this->assertResponseOk();
        $this->assertContentType('text/html');
        $this->assertResponseContains('/sse-debug/state');
        $this->assertResponseContains('globalThis.Sse');
    }

    public function testNothingOfItIsThereOtherwise(): void
    {
        Configure::write('debug', false);
        foreach (['/sse-debug', '/sse-debug/state', '/sse-debug/stream?keys[]=k'] as $path) {
            $this->get($path);
            $this->assertResponseCode(404);
        }
        $this->post('/sse-debug/push', '{"key": "k", "data": "1"}');
        $this->assertResponseCode(404);
        $this->assertSsePushCount(0);
    }

    public function testItsStateHasTheEventsBehindThoseThatThePageHas(): void
    {
        SseService::push('k', 1);
        SseService::push('k', ['event' => 'toast', 'n' => 2]);
        [$first] = SseService::read('k');
        $this->get('/sse-debug/state?' . http_build_query(['after' => ['k' => $first['id'], 'none' => '']]));

        $state = json_decode((string)$this->_response?->getBody(), true);
        $this->assertSame([['k', 'toast', ['event' => 'toast', 'n' => 2]]], array_map(
            fn(array $event): array => [$event['key'], $event['event'], $event['data']],
            $state['events'],
        ));
        $this->assertNull($state['status']['problem']);
    }

    public function testAKeyThatCanNotBeUsedIsToldOnThePage(): void
    {
        $this->get('/sse-debug/state?' . http_build_query(['after' => [str_repeat('k', 1025) => '']]));

        $this->assertStringContainsString('1024', json_decode((string)$this->_response?->getBody(), true)['problem']);
    }

    public function testItPushes(): void
    {
        $this->post('/sse-debug/push', (string)json_encode(['key' => 'k', 'event' => 'toast', 'data' => '{"n": 1}']));

        $this->assertResponseOk();
        $this->assertSsePushCount(1, 'k');
        $this->assertSame(['event' => 'toast', 'n' => 1], SseService::read('k')[0]['data']);
    }

    public function testAPushByGetIsRefused(): void
    {
        $this->get('/sse-debug/push');

        $this->assertResponseCode(405);
    }

    public function testItsStreamWakesThePage(): void
    {
        $this->get('/sse-debug/stream?keys[]=k');

        $this->assertResponseOk();
        $this->assertContentType('text/event-stream');
    }
}
