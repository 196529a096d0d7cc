<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use Cake\Controller\ComponentRegistry;
use Cake\Controller\Controller;
use Cake\Http\ServerRequest;
use Cake\Log\Engine\ArrayLog;
use Cake\Log\Log;
use Closure;
use Psr\Http\Message\ResponseInterface;
use Sse\Controller\Component\SseComponent;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\TestSuite\SseTestTrait;
use Sse\TestSuite\TestStore;

/**
 * Streams without an application around them.
 */
trait StreamsTrait
{
    use SseTestTrait;

    protected ?ResponseInterface $_response = null;

    /**
     * @param array<string, mixed> $config What loadComponent() is given.
     * @param array<string, mixed> $request What the request is made from.
     */
    protected function component(array $config = [], array $request = []): SseComponent
    {
        return new SseComponent(new ComponentRegistry(new Controller(new ServerRequest($request))), $config);
    }

    /**
     * What a client gets that was at this position.
     *
     * @param array<string, mixed> $options Options of the stream.
     * @return list<mixed> the data of its events
     */
    protected function streamed(string $key, array $options = [], ?string $position = null): array
    {
        $options += $position === null ? ['replay' => 'all'] : ['lastEventId' => $position];
        $this->_response = $this->component()->stream($key, $options);

        return array_column($this->getSseEvents(), 'data');
    }

    /**
     * @param list<mixed> $payloads Payloads to push to a key.
     */
    protected function pushAll(string $key, array $payloads): void
    {
        foreach ($payloads as $payload) {
            $this->assertTrue(SseService::push($key, $payload));
        }
    }

    /**
     * The test's store, but that something happens each time before something is stored in it.
     *
     * @param \Closure(): mixed $before What happens.
     */
    protected function storeWith(Closure $before): Store
    {
        return new class ($this->sseStore ?? new TestStore(), $before) extends Store {
            public function __construct(private readonly Store $store, private readonly Closure $before)
            {
            }

            protected function dsn(): string
            {
                return $this->store->dsn();
            }

            public function push(string $key, mixed $data, bool $external = false, ?string $after = null): ?string
            {
                ($this->before)();

                return $this->store->push($key, $data, $external, $after);
            }
        };
    }

    /**
     * Lets something happen at the worst moment: when what is to be stored next was decided, and isn't stored yet.
     *
     * @param \Closure(): mixed $action What another process does.
     */
    protected function beforeTheNextIsStored(Closure $action): void
    {
        $own = Store::instance();
        Store::replace($this->storeWith(function () use ($own, $action): void {
            Store::replace($own);
            $action();
        }));
    }

    /**
     * Asserts that CakePHP's log has this; `setupLog('error')` comes before.
     */
    protected function assertLogged(string $part): void
    {
        $log = Log::engine('test-error');
        $this->assertInstanceOf(ArrayLog::class, $log);
        $this->assertStringContainsString($part, implode("\n", $log->read()));
    }
}
