<?php
declare(strict_types=1);

namespace App\Controller;

use Cake\Http\Response;
use Sse\Service\EventServiceInterface;

/**
 * The controller that the README shows.
 */
class ReportsController extends AppController
{
    public function build(EventServiceInterface $events, string $id): ?Response
    {
        $events->push('USER_QUEUE_1', ['report_id' => (int)$id]);

        return $this->redirect('/');
    }
}
