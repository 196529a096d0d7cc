<?php
declare(strict_types=1);

namespace Sse\Test\TestCase;

use App\Controller\ProbeController;
use Cake\Cache\Cache;
use Cake\Core\Configure;
use Cake\Datasource\ConnectionManager;
use Cake\TestSuite\IntegrationTestTrait;
use Cake\TestSuite\TestCase;
use InvalidArgumentException;
use PHPUnit\Framework\Attributes\DataProvider;
use Sse\Service\SseService;
use Sse\Test\Support\PayloadsSchema;
use Sse\TestSuite\SseTestTrait;

/**
 * What arodu/cakephp-sse does wrong must not come back. What needs real connections is in tests/http/faults.test.js:
 * the starved heartbeat, the tab that is noticed late, the site that streams stop.
 */
class OriginalFaultsTest extends TestCase
{
    use IntegrationTestTrait;
    use SseTestTrait;

    public function tearDown(): void
    {
        ProbeController::$options = [];
        parent::tearDown();
    }

    public static function engines(): array
    {
        return ['native' => ['native'], 'cache' => ['cache']];
    }

    /**
     * @return list<mixed> the data sent to a client that was at this position
     */
    private function sentSince(string $key, string $position): array
    {
        $this->configRequest(['headers' => ['Last-Event-ID' => $position]]);
        $this->get('/probe/open.sse?key=' . rawurlencode($key));
        $this->assertResponseOk();

        return array_column($this->getSseEvents(), 'data');
    }

    public function testTheRedisEngineDoesNotCallMethodsThatDoNotExist(): void
    {
        // In the store of this test; a real Redis is in Conformance/RedisTest.
        Configure::write('Sse.payload_engine', 'redis');

        $this->assertTrue(SseService::push('k', ['n' => 1]));
        $this->assertSame(['n' => 1], SseService::check('k', 0)['data'] ?? null);
    }

    public function testTheDatabaseEngineDoesNotMissItsTable(): void
    {
        PayloadsSchema::create(ConnectionManager::get('default'));
        Configure::write('Sse.payload_engine', 'database');

        $this->assertTrue(SseService::push('k', ['n' => 1]));
        $this->assertSame(['n' => 1], SseService::check('k', 0)['data'] ?? null);
    }

    #[DataProvider('engines')]
    public function testEventsOfTheSameSecondAreAllSent(string $engine): void
    {
        Configure::write('Sse.payload_engine', $engine);
        $position = $this->getSsePosition('second');
        foreach (range(1, 5) as $number) {
            SseService::push('second', ['n' => $number]);
        }

        $sent = $this->sentSince('second', $position);
        $this->assertSame([1, 2, 3, 4, 5], array_column($sent, 'n'));
    }

    #[DataProvider('engines')]
    public function testEveryEventHasAnIdToResumeFrom(string $engine): void
    {
        Configure::write('Sse.payload_engine', $engine);
        SseService::push('ids', 1);
        $this->get('/probe/open.sse?key=ids');
        $id = $this->getSseEvents()[0]['id'];
        $this->assertNotNull($id);
        SseService::push('ids', 2);

        $this->assertSame([2], $this->sentSince('ids', $id));
    }

    #[DataProvider('engines')]
    public function testANewlineInAnEventsNameForgesNothing(string $engine): void
    {
        Configure::write('Sse.payload_engine', $engine);
        try {
            SseService::push('forged', ['event' => "x\nid: 1\n\nevent: forged", 'a' => 1]);
            $this->fail('It was taken.');
        } catch (InvalidArgumentException) {
            $this->get('/probe/open.sse?key=forged');
            $this->assertSseNotSent();
        }
        // What beforeSend answers is looked at as well.
        ProbeController::$options = ['beforeSend' => fn(): array => ['event' => "x\nevent: forged"]];
        SseService::push('forged', 1);
        $this->get('/probe/open.sse?key=forged');
        $this->assertSseNotSent();
        $this->assertResponseNotContains('forged');
    }

    public function testANegativePollIsAnErrorPageAndNotInTheStream(): void
    {
        $this->get('/probe/open.sse?key=k&options=' . rawurlencode('{"poll": -1}'));

        $this->assertResponseCode(500);
        $this->assertStringNotContainsString('event-stream', $this->_response->getHeaderLine('Content-Type'));
    }

    #[DataProvider('engines')]
    public function testTextNumbersAndEmptyListsAreSent(string $engine): void
    {
        Configure::write('Sse.payload_engine', $engine);
        $position = $this->getSsePosition('scalars');
        foreach (['text', 42, [], null] as $payload) {
            $this->assertTrue(SseService::push('scalars', $payload));
        }

        $this->assertSame(['text', 42, [], null], $this->sentSince('scalars', $position));
    }

    #[DataProvider('engines')]
    public function testInvalidUtf8PutsNoHtmlIntoTheStream(string $engine): void
    {
        Configure::write('Sse.payload_engine', $engine);
        try {
            SseService::push('utf8', ['text' => "\xff"]);
            $this->fail('It was taken.');
        } catch (InvalidArgumentException $exception) {
            $this->assertStringContainsString('UTF-8', $exception->getMessage());
        }
        ProbeController::$options = ['beforeSend' => fn(): array => ["\xff"]];
        SseService::push('utf8', 1);

        $this->get('/probe/open.sse?key=utf8');

        $this->assertSseNotSent();
        $this->assertResponseNotContains('<');
    }

    public function testAKeyNamedLikeTheApplicationsOwnOverwritesNothing(): void
    {
        Configure::write('Sse.payload_engine', 'cache');
        Cache::write('settings', 'the application\'s');

        SseService::push('settings', ['n' => 1]);

        $this->assertSame('the application\'s', Cache::read('settings'));
    }

    #[DataProvider('engines')]
    public function testKeysThatLookAlikeShareNothing(string $engine): void
    {
        Configure::write('Sse.payload_engine', $engine);
        [$spaced, $underscored] = [$this->getSsePosition('a b'), $this->getSsePosition('a_b')];
        SseService::push('a b', 'spaced');
        SseService::push('a_b', 'underscored');

        $this->assertSame(['spaced'], $this->sentSince('a b', $spaced));
        $this->assertSame(['underscored'], $this->sentSince('a_b', $underscored));
    }
}
