<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use Cake\Controller\ComponentRegistry;
use Cake\Controller\Controller;
use Cake\Http\ServerRequest;
use Cake\Log\Engine\ArrayLog;
use Cake\Log\Log;
use Psr\Http\Message\ResponseInterface;
use Sse\Controller\Component\SseComponent;
use Sse\Service\SseService;
use Sse\TestSuite\SseTestTrait;

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
     * Asserts that CakePHP's log has this; `setupLog('error')` comes before.
     */
    protected function assertLogged(string $part): void
    {
        $log = Log::engine('test-error');
        $this->assertInstanceOf(ArrayLog::class, $log);
        $this->assertStringContainsString($part, implode("\n", $log->read()));
    }
}
