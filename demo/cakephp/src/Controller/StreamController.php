<?php
declare(strict_types=1);

namespace App\Controller;

use Cake\Cache\Cache;
use Cake\Event\EventInterface;
use Cake\Http\Response;

/**
 * What the browser's EventSource asks for.
 *
 * @property \Sse\Controller\Component\SseComponent $Sse
 */
class StreamController extends AppController
{
    /**
     * @return void
     */
    public function initialize(): void
    {
        parent::initialize();
        $this->loadComponent('Sse.Sse');
    }

    /**
     * An EventSource can't follow a login page: it gives up. It gets a 401.
     *
     * @param \Cake\Event\EventInterface<\Cake\Controller\Controller> $event The event.
     * @return void
     */
    public function beforeFilter(EventInterface $event): void
    {
        parent::beforeFilter($event);
        $this->Authentication->allowUnauthenticated(['reports']);
        if ($this->Authentication->getIdentity() === null) {
            $event->setResult($this->response
                ->withStatus(401)
                ->withType('application/json')
                ->withStringBody((string)json_encode(['message' => 'Please log in.'])));
        }
    }

    /**
     * @return \Cake\Http\Response
     */
    public function reports(): Response
    {
        $this->autoRender = false;
        $userId = $this->Authentication->getIdentityData('id');

        // A push has an id only; what is sent is as fresh as the moment of sending.
        $hydrator = function (mixed $payload): mixed {
            if (isset($payload['report_id'])) {
                return [
                    'event' => 'report_ready',
                    'data' => $this->fetchTable('Reports')->get($payload['report_id']),
                    'timestamp' => time(),
                ];
            }

            return $payload;
        };

        // Whoever has the page open is online.
        $keepAlive = function () use ($userId): void {
            Cache::write('online_' . $userId, time());
        };

        return $this->Sse->stream('USER_QUEUE_' . $userId, [
            'poll' => 2,
            'eventName' => 'update',
            'beforeSend' => $hydrator,
            'onLoop' => $keepAlive,
        ]);
    }
}
