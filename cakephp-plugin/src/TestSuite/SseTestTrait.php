<?php
declare(strict_types=1);

namespace Sse\TestSuite;

use Cake\Http\Response;
use PHPUnit\Framework\Attributes\After;
use PHPUnit\Framework\Attributes\Before;
use Sse\Service\SseService;
use Sse\Service\Store;

/**
 * Tests what an application pushes and streams.
 *
 * Each test has a store of its own. Pushes are made as ever, and remembered:
 *
 * ```
 * $this->post('/reports/build/505');
 * $this->assertSsePushed('USER_QUEUE_1', ['report_id' => 505]);
 * ```
 *
 * With `IntegrationTestTrait` a stream ends by itself when it has sent what there is and run `onLoop` once:
 *
 * ```
 * SseService::push('USER_QUEUE_1', ['event' => 'toast', 'message' => 'Done']);
 * $this->get('/stream/reports.sse');
 * $this->assertSseSent('toast', ['message' => 'Done']);
 * ```
 *
 * A client without an id gets the newest event only. To have several, begin at a position:
 *
 * ```
 * $this->configRequest(['headers' => ['Last-Event-ID' => $this->getSsePosition('USER_QUEUE_1')]]);
 * ```
 */
trait SseTestTrait
{
    private ?TestStore $sseStore = null;

    /**
     * @var list<array{key: string, payload: mixed}>
     */
    private array $ssePushes = [];

    #[Before]
    public function setUpSse(): void
    {
        $this->ssePushes = [];
        $this->sseStore = new TestStore();
        Store::replace($this->sseStore);
        SseService::reset();
        SseService::listen(function (string $key, mixed $payload): void {
            $this->ssePushes[] = compact('key', 'payload');
        });
    }

    #[After]
    public function tearDownSse(): void
    {
        SseService::listen(null);
        SseService::reset();
        Store::replace(null);
        $this->sseStore?->remove();
        $this->sseStore = null;
    }

    /**
     * What was pushed and kept, oldest first.
     *
     * @param string|null $key Only to this key.
     * @return list<mixed> The payloads.
     */
    public function getSsePushes(?string $key = null): array
    {
        $pushes = array_filter($this->ssePushes, fn(array $push): bool => $key === null || $push['key'] === $key);

        return array_column($pushes, 'payload');
    }

    /**
     * Asserts that this payload was pushed to a key, maybe among others.
     */
    public function assertSsePushed(string $key, mixed $payload, string $message = ''): void
    {
        $this->assertContainsEquals($payload, $this->getSsePushes($key), $message);
    }

    /**
     * Asserts how many pushes there were.
     *
     * @param string|null $key Only to this key.
     */
    public function assertSsePushCount(int $count, ?string $key = null, string $message = ''): void
    {
        $this->assertCount($count, $this->getSsePushes($key), $message);
    }

    /**
     * A position behind all that was pushed to a key or several, for the request's header `Last-Event-ID`.
     *
     * @param list<string>|string $keys
     */
    public function getSsePosition(array|string $keys): string
    {
        return Store::instance()->cursor($keys);
    }

    /**
     * The events that the last response sent, oldest first, without `connected`.
     *
     * @return list<array{event: string, data: mixed, id: string|null}>
     */
    public function getSseEvents(): array
    {
        $response = $this->_response ?? null;
        $this->assertInstanceOf(Response::class, $response, 'There is no response yet; make a request first.');
        $this->assertStringStartsWith(
            'text/event-stream',
            $response->getHeaderLine('Content-Type'),
            'The response is not a stream.',
        );
        $events = [];
        foreach (explode("\n\n", (string)$response->getBody()) as $frame) {
            $event = $this->readSseFrame($frame);
            if ($event !== null && $event['event'] !== 'connected') {
                $events[] = $event;
            }
        }

        return $events;
    }

    /**
     * Asserts that the last response sent this event, maybe among others.
     *
     * @param mixed $data Its data, decoded from JSON: objects are arrays.
     */
    public function assertSseSent(string $event, mixed $data, string $message = ''): void
    {
        $sent = array_map(fn(array $frame): array => [$frame['event'], $frame['data']], $this->getSseEvents());
        $this->assertContainsEquals([$event, $data], $sent, $message);
    }

    /**
     * Asserts that the last response sent no event, or none of a name.
     */
    public function assertSseNotSent(?string $event = null, string $message = ''): void
    {
        $names = array_column($this->getSseEvents(), 'event');
        $event === null ? $this->assertSame([], $names, $message) : $this->assertNotContains($event, $names, $message);
    }

    /**
     * @param string $frame One block of lines.
     * @return array{event: string, data: mixed, id: string|null}|null null if it is no event
     */
    private function readSseFrame(string $frame): ?array
    {
        $fields = ['event' => 'message', 'data' => null, 'id' => null];
        foreach (explode("\n", $frame) as $line) {
            [$name, $value] = explode(': ', $line, 2) + [1 => ''];
            $fields[$name] = $name === 'data' && $fields['data'] !== null ? "{$fields['data']}\n$value" : $value;
        }
        if ($fields['data'] === null) {
            return null;
        }

        return [
            'event' => (string)$fields['event'],
            'data' => json_decode($fields['data'], true),
            'id' => $fields['id'],
        ];
    }
}
