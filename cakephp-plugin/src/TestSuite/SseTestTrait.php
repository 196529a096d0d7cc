<?php
declare(strict_types=1);

namespace Sse\TestSuite;

use Cake\Http\Response;
use Closure;
use PHPUnit\Framework\Attributes\After;
use PHPUnit\Framework\Attributes\Before;
use PHPUnit\Framework\Constraint\TraversableContainsEqual;
use Sse\Service\SseService;
use Sse\Service\Store;

/**
 * Tests what an application pushes and streams.
 *
 * Each test has a store of its own, whether the extension is loaded or not. Pushes are made as ever, and
 * remembered:
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
 * $this->get('/stream/reports');
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
        $pushed = $this->getSsePushes($key);
        $others = array_filter($this->ssePushes, fn(array $push): bool => $push['key'] !== $key);
        $this->assertSseAmong($payload, $pushed, $message, fn(): string => sprintf(
            "This was not pushed to the key %s:\n%s\nTo this key were pushed:\n%s\nTo other keys were pushed:\n%s",
            Store::quoted($key),
            $this->sseLines([$payload]),
            $this->sseLines($pushed),
            $this->sseLines(array_column($others, 'payload'), array_column($others, 'key')),
        ));
    }

    /**
     * Asserts how many pushes there were.
     *
     * @param string|null $key Only to this key.
     */
    public function assertSsePushCount(int $count, ?string $key = null, string $message = ''): void
    {
        $pushed = $this->getSsePushes($key);
        $this->assertSame($count, count($pushed), ltrim("$message\n") . sprintf(
            "%s pushed%s:\n%s\n",
            count($pushed) === 1 ? 'One event was' : count($pushed) . ' events were',
            $key === null ? '' : ' to the key ' . Store::quoted($key),
            $key === null
                ? $this->sseLines($pushed, array_column($this->ssePushes, 'key'))
                : $this->sseLines($pushed),
        ));
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
        $events = $this->getSseEvents();
        $sent = array_map(fn(array $frame): array => [$frame['event'], $frame['data']], $events);
        $this->assertSseAmong([$event, $data], $sent, $message, fn(): string => sprintf(
            "The stream did not send:\n%s\nIt sent:\n%s",
            $this->sseLines([$data], [$event]),
            $this->sseLines(array_column($events, 'data'), array_column($events, 'event')),
        ));
    }

    /**
     * Asserts that the last response sent no event, or none of a name.
     */
    public function assertSseNotSent(?string $event = null, string $message = ''): void
    {
        $events = $this->getSseEvents();
        $unwanted = array_filter($events, fn(array $sent): bool => $event === null || $sent['event'] === $event);
        $this->assertSame([], $unwanted, ltrim("$message\n") . sprintf(
            "The stream was not to send %s. It sent:\n%s\n",
            $event === null ? 'anything' : "the event \"$event\"",
            $this->sseLines(array_column($events, 'data'), array_column($events, 'event')),
        ));
    }

    /**
     * @param list<mixed> $found
     * @param \Closure(): string $explanation Says what was found in its place.
     */
    private function assertSseAmong(mixed $expected, array $found, string $message, Closure $explanation): void
    {
        if (!(new TraversableContainsEqual($expected))->evaluate($found, '', true)) {
            $this->fail(ltrim("$message\n") . $explanation());
        }
        $this->addToAssertionCount(1);
    }

    /**
     * Payloads as they can be read in a failure, a line each.
     *
     * @param array<mixed> $payloads
     * @param array<string> $names What stands before each.
     */
    private function sseLines(array $payloads, array $names = []): string
    {
        $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PARTIAL_OUTPUT_ON_ERROR;
        $lines = array_map(
            fn(mixed $payload, ?string $name): string => '  ' . ($name === null ? '' : Store::quoted($name) . '  ')
                . json_encode($payload, $flags),
            $payloads,
            $names,
        );

        return implode("\n", $lines) ?: '  nothing';
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
