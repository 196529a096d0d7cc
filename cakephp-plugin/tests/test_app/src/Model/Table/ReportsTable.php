<?php
declare(strict_types=1);

namespace App\Model\Table;

use Cake\ORM\Table;

/**
 * Reports have an id and a title.
 */
class ReportsTable extends Table
{
    /**
     * Makes the table with a report in it, where there is none.
     *
     * @param array<string, mixed> $config Configuration.
     * @return void
     */
    public function initialize(array $config): void
    {
        $this->getConnection()->execute('CREATE TABLE IF NOT EXISTS reports (id INTEGER PRIMARY KEY, title TEXT)');
        $this->getConnection()->execute("INSERT OR IGNORE INTO reports VALUES (505, 'Sales of May')");
    }
}
