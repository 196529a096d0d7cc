<?php
declare(strict_types=1);

namespace App\Model\Table;

use Cake\Datasource\EntityInterface;
use Cake\Event\EventInterface;
use Cake\ORM\Table;
use Sse\Service\SseService;

/**
 * Reports of users.
 */
class ReportsTable extends Table
{
    /**
     * @param array<string, mixed> $config Configuration.
     * @return void
     */
    public function initialize(array $config): void
    {
        parent::initialize($config);
        // An application of its own has a migration for this.
        $this->getConnection()->execute(
            'CREATE TABLE IF NOT EXISTS reports (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT, amount INTEGER)',
        );
    }

    /**
     * After the commit: whoever is woken finds the report.
     *
     * @param \Cake\Event\EventInterface<\Cake\ORM\Table> $event The event.
     * @param \Cake\Datasource\EntityInterface $report The report.
     * @return void
     */
    public function afterSaveCommit(EventInterface $event, EntityInterface $report): void
    {
        SseService::push('USER_QUEUE_' . $report->get('user_id'), ['report_id' => $report->get('id')]);
    }
}
