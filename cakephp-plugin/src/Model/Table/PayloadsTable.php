<?php
declare(strict_types=1);

namespace Sse\Model\Table;

use Cake\ORM\Table;

/**
 * The payloads of the engine `database`, which `bin/cake migrations migrate -p Sse` makes the table for.
 *
 * Another connection is another class: one that extends this with `defaultConnectionName()`, in `Sse.payloads_model`.
 */
class PayloadsTable extends Table
{
    /**
     * @param array<string, mixed> $config Configuration.
     */
    public function initialize(array $config): void
    {
        $this->setTable('sse_payloads');
        $this->setPrimaryKey('id');
        $this->setDisplayField('stream_key');
    }
}
