<?php
declare(strict_types=1);

namespace App\Controller;

use Cake\Http\Response;

/**
 * @property \Sse\Controller\Component\SseComponent $Sse
 */
class NewsController extends AppController
{
    public function initialize(): void
    {
        parent::initialize();
        $this->loadComponent('Sse.Sse');
        $this->viewBuilder()->addHelper('Sse.Sse');
    }

    public function index(): void
    {
    }

    public function stream(): Response
    {
        return $this->Sse->stream('news');
    }
}
