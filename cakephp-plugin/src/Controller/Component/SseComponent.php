<?php
declare(strict_types=1);

namespace Sse\Controller\Component;

use Cake\Controller\Component;
use Cake\Core\Configure;
use Cake\Http\CallbackStream;
use Cake\Http\Response;
use Cake\Log\Log;
use Closure;
use Sse\Http\StreamBody;
use Sse\Service\Settings;
use Sse\Service\SseService;
use Sse\Service\Store;
use Throwable;
use function Sse\recalling;

/**
 * Turns an action into a stream of Server-Sent Events.
 *
 * Options come from `Sse` in the configuration, then from `loadComponent()`, then from `stream()`; the later win.
 */
class SseComponent extends Component
{
    /**
     * Options of a stream.
     *
     * - `poll`: seconds between two calls of `onLoop`, and between two looks at a custom signal; 0.05 to 3600. Events
     *   don't wait for it.
     * - `eventName`: name of events whose payload has no `event`.
     * - `heartbeat`: seconds after which a silent stream sends a comment; 1 to 3600.
     * - `beforeSend`: `fn(mixed $payload): mixed`, what is sent instead of it; a falsy result sends nothing.
     * - `onLoop`: `fn(): void`, called when the stream begins and then every `poll` seconds.
     *
     * Also taken, with the extension's own defaults: `replay`, `lifetime`, `retry`, `connected`, `lastEventId`, and
     * `shared`: whether `beforeSend` makes the same of an event for every client.
     *
     * @var array<string, mixed>
     */
    protected array $_defaultConfig = [
        'poll' => 2,
        'eventName' => 'message',
        'heartbeat' => 25,
        'beforeSend' => null,
        'onLoop' => null,
    ];

    /**
     * @param array<string, mixed> $config What loadComponent() was given.
     */
    public function initialize(array $config): void
    {
        $configured = array_filter((array)Configure::read('Sse'), fn(mixed $value): bool => $value !== null);
        // Shallow: of two callables written as arrays a mixture would come out.
        $this->configShallow($configured)->configShallow($config);
    }

    /**
     * The response that streams the events of one or several keys; to be returned from the action.
     *
     * @param list<string>|string $watchCacheKey The key that is pushed to, or several.
     * @param array<string, mixed> $options Options, as $_defaultConfig lists them.
     * @throws \InvalidArgumentException for keys or options that can't be used
     * @throws \Sse\StoreException when the store can't be used
     */
    public function stream(array|string $watchCacheKey, array $options = []): Response
    {
        $stream = is_string($watchCacheKey)
            ? $this->_buildStream($watchCacheKey, $options)
            : $this->body($watchCacheKey, $options);

        // CakePHP sends the status first, and for 204 and 304 nothing else; at any but 200 browsers give up.
        return $this->getController()->getResponse()
            ->withStatus(200)
            ->withHeader('Content-Type', 'text/event-stream')
            ->withHeader('Cache-Control', 'no-cache')
            ->withHeader('X-Accel-Buffering', 'no')
            ->withBody($stream);
    }

    /**
     * The body of a stream of one key, for classes that extend this one.
     *
     * @param array<string, mixed> $options Options.
     */
    protected function _buildStream(string $watchCacheKey, array $options = []): CallbackStream
    {
        return $this->body([$watchCacheKey], $options);
    }

    /**
     * The body, which runs when the response is sent. What can be wrong with it is said here already: later, an
     * exception would find no page to show it.
     *
     * @param list<string> $keys
     * @param array<string, mixed> $options
     */
    private function body(array $keys, array $options): CallbackStream
    {
        // A class that extends this one may have settings of its own.
        Settings::assertKnown($this->getConfig(), array_keys($this->_defaultConfig));
        $configured = Settings::ofStreams($this->getConfig());
        $options = array_replace(['lastEventId' => $this->lastEventId()], $configured, $options);
        $store = Store::instance();
        if (!recalling()) {
            $store->check($keys, $options);
        }
        $options = SseService::service()->engine->streamOptions($keys, $options);
        foreach (['fetch', 'beforeSend', 'collect', 'onLoop'] as $name) {
            $options[$name] = isset($options[$name]) ? $this->logged($keys, $name, $options[$name]) : null;
        }

        return new StreamBody(function () use ($store, $keys, $options): string {
            try {
                return $store->stream($keys, $options);
            } catch (Throwable $exception) {
                $this->logException($keys, 'it could not begin', $exception);
                if (!headers_sent()) {
                    // Not by http_response_code(): CakePHP has set the whole line.
                    header(($_SERVER['SERVER_PROTOCOL'] ?? 'HTTP/1.1') . ' 500 Internal Server Error');
                    header('Content-Type: text/plain; charset=UTF-8');
                }

                return '';
            }
        });
    }

    /**
     * What the browser sends when it connects again, or what a page was given in the address; null if neither is there.
     */
    private function lastEventId(): ?string
    {
        $request = $this->getController()->getRequest();
        $query = $request->getQuery('lastEventId');

        return $request->getHeaderLine('Last-Event-ID') ?: (is_string($query) ? $query : '') ?: null;
    }

    /**
     * A closure whose exceptions go to CakePHP's log; it answers null then.
     *
     * @param list<string> $keys
     */
    private function logged(array $keys, string $name, callable $callable): Closure
    {
        return function (mixed ...$arguments) use ($keys, $name, $callable): mixed {
            try {
                return $callable(...$arguments);
            } catch (Throwable $exception) {
                $this->logException($keys, "$name threw, the stream goes on", $exception);

                return null;
            }
        };
    }

    /**
     * @param list<string> $keys
     */
    private function logException(array $keys, string $what, Throwable $exception): void
    {
        $quoted = (count($keys) === 1 ? 'key ' : 'keys ') . implode(', ', array_map(Store::quoted(...), $keys));
        Log::error("SSE stream of the $quoted: $what: $exception");
    }
}
