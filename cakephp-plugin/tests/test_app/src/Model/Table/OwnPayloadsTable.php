<?php
declare(strict_types=1);

namespace App\Model\Table;

use Sse\Model\Table\PayloadsTable;

/**
 * Payloads in a table of another name.
 */
class OwnPayloadsTable extends PayloadsTable
{
    /**
     * @param array<string, mixed> $config Configuration.
     * @return void
     */
    public function initialize(array $config): void
    {
        parent::initialize($config);
        $this->setTable('own_payloads');
    }
}
