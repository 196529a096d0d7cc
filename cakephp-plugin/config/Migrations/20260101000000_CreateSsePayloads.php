<?php
declare(strict_types=1);

use Migrations\AbstractMigration;
use Migrations\BaseMigration;

// The plugin Migrations before 4.5.
class_exists(BaseMigration::class) || class_alias(AbstractMigration::class, BaseMigration::class);

/**
 * The payloads of the engine `database`.
 *
 * A row is inserted in the application's transaction. When that is committed it gets its place in the order of its key:
 * `position`, and in `follows` the position before it. That no two rows follow the same one keeps the order whole,
 * also where several machines give places at the same time.
 */
class CreateSsePayloads extends BaseMigration
{
    /**
     * @return void
     */
    public function change(): void
    {
        $this->table('sse_payloads', ['id' => false, 'primary_key' => ['id']])
            // Rises with time.
            ->addColumn('id', 'string', ['limit' => 32, 'null' => false, 'default' => null])
            // SHA-256 of the key, as hexadecimal digits: the same in every collation.
            ->addColumn('stream_key', 'string', ['limit' => 64, 'null' => false, 'default' => null])
            // Microseconds since 1970, unless the clock stood still or went back.
            ->addColumn('position', 'biginteger', ['limit' => null, 'null' => true, 'default' => null])
            ->addColumn('follows', 'biginteger', ['limit' => null, 'null' => true, 'default' => null])
            // JSON of ASCII letters only. The limit makes it LONGTEXT in MySQL and means nothing elsewhere.
            ->addColumn('payload', 'text', ['limit' => 4294967295, 'null' => false, 'default' => null])
            // UTC.
            ->addColumn('modified', 'datetime', ['limit' => null, 'null' => false, 'default' => null])
            ->addIndex(['stream_key', 'position'], ['unique' => true, 'name' => 'sse_payloads_position'])
            ->addIndex(['stream_key', 'follows'], ['unique' => true, 'name' => 'sse_payloads_follows'])
            ->addIndex(['modified'], ['name' => 'sse_payloads_modified'])
            ->create();
    }
}
