<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use Cake\Database\Connection;
use Cake\Database\Schema\TableSchema;
use Cake\Datasource\ConnectionInterface;

/**
 * The table of the engine `database`, for tests that run without the plugin Migrations. MigrationTest compares it with
 * what the migration makes.
 */
final class PayloadsSchema
{
    /**
     * Makes the table anew.
     */
    public static function create(ConnectionInterface $connection, string $table = 'sse_payloads'): void
    {
        assert($connection instanceof Connection);
        $connection->execute("DROP TABLE IF EXISTS $table");
        $schema = new TableSchema($table, [
            'id' => ['type' => 'string', 'length' => 32, 'null' => false],
            'stream_key' => ['type' => 'string', 'length' => 64, 'null' => false],
            'position' => ['type' => 'biginteger', 'null' => true],
            'follows' => ['type' => 'biginteger', 'null' => true],
            'payload' => ['type' => 'text', 'length' => TableSchema::LENGTH_LONG, 'null' => false],
            'modified' => ['type' => 'datetime', 'null' => false],
        ]);
        $schema
            ->addConstraint('primary', ['type' => 'primary', 'columns' => ['id']])
            ->addConstraint("{$table}_position", ['type' => 'unique', 'columns' => ['stream_key', 'position']])
            ->addConstraint("{$table}_follows", ['type' => 'unique', 'columns' => ['stream_key', 'follows']])
            ->addIndex("{$table}_modified", ['type' => 'index', 'columns' => ['modified']]);
        foreach ($schema->createSql($connection) as $sql) {
            $connection->execute($sql);
        }
    }
}
