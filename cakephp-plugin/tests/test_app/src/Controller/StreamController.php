<?php
declare(strict_types=1);

namespace App\Controller;

use Cake\Cache\Cache;
use Cake\Event\EventInterface;
use Cake\Http\Response;

/**
 * The controller that the README shows.
 *
 * @property \Authentication\Controller\Component\AuthenticationComponent $Authentication
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
        $this->loadComponent('Authentication.Authentication');
        $this->loadComponent('Sse.Sse');
    }

    /**
     * Streams answer for themselves: an EventSource gives up on a login page.
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

        return $this->Sse->stream("USER_QUEUE_$userId", [
            'poll' => 2,
            'eventName' => 'update',
            'beforeSend' => function (mixed $payload): mixed {
                if (!isset($payload['report_id'])) {
                    return $payload;
                }

                return [
                    'event' => 'report_ready',
                    'data' => $this->fetchTable('Reports')->get($payload['report_id']),
                    'timestamp' => time(),
                ];
            },
            'onLoop' => function () use ($userId): void {
                Cache::write("online_$userId", time());
            },
        ]);
    }
}
