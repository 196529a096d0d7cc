<?php
declare(strict_types=1);

namespace App\Controller;

use Cake\Http\Response;
use LogicException;
use Sse\Controller\Component\SseComponent;
use Sse\Service\SseService;
use function Sse\recalling;

/**
 * Pages and streams that tests ask for: `/probe/open.sse?key=…&options={…}`.
 *
 * @property \Sse\Controller\Component\SseComponent $Sse
 */
class ProbeController extends AppController
{
    /**
     * Options that JSON can't carry, by their name.
     *
     * @var array<string, mixed>
     */
    public static array $options = [];

    /**
     * @return void
     */
    public function initialize(): void
    {
        parent::initialize();
        $this->loadComponent('Sse.Sse', (array)$this->request->getQuery('config'));
    }

    /**
     * @return \Cake\Http\Response
     */
    public function open(): Response
    {
        $options = json_decode((string)$this->request->getQuery('options', '{}'), true);

        return $this->Sse->stream((string)$this->request->getQuery('key'), $options + static::$options);
    }

    /**
     * Filters all that is not marked.
     *
     * @return \Cake\Http\Response
     */
    public function filtered(): Response
    {
        return $this->Sse->stream((string)$this->request->getQuery('key'), [
            'heartbeat' => 1,
            'beforeSend' => fn(mixed $payload): mixed => isset($payload['pass']) ? $payload : null,
        ]);
    }

    /**
     * Whatever its closures do wrong, nothing of it may be in the stream.
     *
     * @return \Cake\Http\Response
     */
    public function faulty(): Response
    {
        return $this->Sse->stream((string)$this->request->getQuery('key'), [
            'onLoop' => function (): never {
                echo '<b>printed in onLoop</b>';
                throw new LogicException('onLoop failed on purpose');
            },
            'beforeSend' => function (mixed $payload): mixed {
                echo '<b>printed in beforeSend</b>';

                return match ($payload['fault'] ?? null) {
                    'throw' => throw new LogicException('beforeSend failed on purpose'),
                    'warn' => [$payload['no such member']],
                    'utf8' => ["\xff"],
                    default => $payload,
                };
            },
        ]);
    }

    /**
     * The store is gone when the stream is to begin.
     *
     * @return \Cake\Http\Response
     */
    public function late(): Response
    {
        $response = $this->Sse->stream((string)$this->request->getQuery('key'));
        rename(TMP . 'sse', TMP . 'gone');
        touch(TMP . 'sse');

        return $response;
    }

    /**
     * A stream in a session, and a page in it.
     *
     * @return \Cake\Http\Response
     */
    public function session(): Response
    {
        $session = $this->request->getSession();
        $session->write('visits', (int)$session->read('visits') + 1);
        $key = $this->request->getQuery('key');

        return $key === null
            ? $this->response->withStringBody((string)$session->read('visits'))
            : $this->Sse->stream((string)$key, [
                'beforeSend' => fn(mixed $payload): array => [$payload, $session->read('visits'), recalling()],
            ]);
    }

    /**
     * @return \Cake\Http\Response
     */
    public function ping(): Response
    {
        return $this->response->withStringBody('<body>pong</body>');
    }

    /**
     * @return \Cake\Http\Response
     */
    public function status(): Response
    {
        return $this->response->withStringBody((string)json_encode(SseService::status()));
    }

    /**
     * @return \Cake\Http\Response
     */
    public function push(): Response
    {
        $pushed = SseService::push(
            (string)$this->request->getQuery('key'),
            json_decode((string)$this->request->getQuery('payload', 'null'), true),
        );

        return $this->response->withStringBody($pushed ? 'kept' : 'not kept');
    }

    /**
     * @return \Sse\Controller\Component\SseComponent
     */
    public function getSse(): SseComponent
    {
        return $this->Sse;
    }
}
