<?php
declare(strict_types=1);

namespace App\Controller;

use ArrayObject;
use Cake\Cache\Cache;
use Cake\Event\EventInterface;
use Cake\Http\Response;
use Sse\Service\SseService;

/**
 * The page, and what its buttons do.
 */
class PagesController extends AppController
{
    /**
     * @param \Cake\Event\EventInterface<\Cake\Controller\Controller> $event The event.
     * @return void
     */
    public function beforeFilter(EventInterface $event): void
    {
        parent::beforeFilter($event);
        $this->Authentication->allowUnauthenticated(['home']);
    }

    /**
     * Logs everybody in as user 1: it is a demo.
     *
     * @return void
     */
    public function home(): void
    {
        $this->Authentication->setIdentity(new ArrayObject(['id' => 1]));
        $this->set('userId', 1);
        $file = TMP . 'push-command';
        $this->set('command', is_file($file) ? (string)file_get_contents($file) : '');
    }

    /**
     * Pushes all that the page needs.
     *
     * @return \Cake\Http\Response
     */
    public function toast(): Response
    {
        SseService::push('USER_QUEUE_' . $this->Authentication->getIdentityData('id'), [
            'event' => 'toast',
            'message' => 'Process completed at ' . date('H:i:s'),
            'type' => 'success',
        ]);

        return $this->response->withStatus(204);
    }

    /**
     * When the stream's `onLoop` wrote last that the user is there.
     *
     * @return \Cake\Http\Response
     */
    public function seen(): Response
    {
        $seen = Cache::read('online_' . $this->Authentication->getIdentityData('id'));

        return $this->response->withType('application/json')->withStringBody((string)json_encode($seen));
    }

    /**
     * Saves a report; ReportsTable pushes its id.
     *
     * @return \Cake\Http\Response
     */
    public function report(): Response
    {
        $reports = $this->fetchTable('Reports');
        $reports->saveOrFail($reports->newEntity([
            'user_id' => $this->Authentication->getIdentityData('id'),
            'title' => 'Sales of ' . date('F'),
            'amount' => random_int(10_000, 99_999),
        ]));

        return $this->response->withStatus(204);
    }
}
