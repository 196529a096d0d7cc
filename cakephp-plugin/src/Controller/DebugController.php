<?php
declare(strict_types=1);

namespace Sse\Controller;

use Cake\Controller\Controller;
use Cake\Core\Configure;
use Cake\Core\Plugin;
use Cake\Event\EventInterface;
use Cake\Http\Exception\NotFoundException;
use Cake\Http\Response;
use Cake\Routing\Router;
use Sse\Command\ServiceEvents;
use Sse\Tools\Debug;

/**
 * `/sse-debug`: events as they come, a form that pushes, and what serves them. In debug mode only.
 *
 * It is none of the application's controllers, so that it is there before anybody can log in.
 *
 * @property \Sse\Controller\Component\SseComponent $Sse
 */
class DebugController extends Controller
{
    private const ROUTE = ['plugin' => 'Sse', 'controller' => 'Debug'];

    public function initialize(): void
    {
        parent::initialize();
        $this->loadComponent('Sse.Sse', ['beforeSend' => null, 'onLoop' => null]);
    }

    /**
     * @param \Cake\Event\EventInterface<\Cake\Controller\Controller> $event The event.
     */
    public function beforeFilter(EventInterface $event): void
    {
        parent::beforeFilter($event);
        if (!Configure::read('debug')) {
            throw new NotFoundException();
        }
        $authorization = $this->request->getAttribute('authorization');
        if (is_object($authorization) && method_exists($authorization, 'skipAuthorization')) {
            $authorization->skipAuthorization();
        }
    }

    public function index(): Response
    {
        $addresses = [];
        foreach (['stream', 'state', 'push'] as $action) {
            $addresses[$action] = Router::url(['prefix' => false, 'action' => $action] + self::ROUTE);
        }
        $token = $this->request->getAttribute('csrfToken');

        return $this->response->withHeader('Cache-Control', 'no-store')->withStringBody(Debug::page(
            $addresses,
            (string)file_get_contents(Plugin::path('Sse') . 'webroot/js/sse.js'),
            $this->request->getAttribute('cspScriptNonce'),
            is_string($token) ? ['X-CSRF-Token' => $token] : [],
        ));
    }

    public function stream(): Response
    {
        return $this->Sse->stream(array_values((array)$this->request->getQuery('keys')), ['replay' => 'none']);
    }

    public function state(): Response
    {
        $logs = [LOGS . 'error.log', (string)ini_get('error_log')];
        $debug = new Debug(new ServiceEvents(), $logs);

        return $this->json($debug->state((array)$this->request->getQuery('after')));
    }

    public function push(): Response
    {
        $this->request->allowMethod('post');

        return $this->json((new Debug(new ServiceEvents()))->push((string)$this->request->getBody()));
    }

    private function json(mixed $data): Response
    {
        return $this->response->withType('application/json')->withStringBody((string)json_encode(
            $data,
            JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR,
        ));
    }
}
