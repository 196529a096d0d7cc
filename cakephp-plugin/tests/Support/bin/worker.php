<?php
declare(strict_types=1);

// A process of the test application that does what each line of its standard input says, and answers with a line.
// Texts that may be any bytes are in base64.

use App\Application;
use Cake\Cache\Cache;
use Cake\Database\Connection;
use Cake\Datasource\ConnectionManager;
use Sse\Service\Engine\PayloadRows;
use Sse\Service\Payload\DatabasePayloadStrategy;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\Test\Support\PayloadsSchema;

require dirname(__DIR__, 3) . '/vendor/autoload.php';
(new Application(dirname(__DIR__, 2) . '/test_app/config'))->bootstrap();

$connection = function (): Connection {
    $connection = ConnectionManager::get('default');
    assert($connection instanceof Connection);

    return $connection;
};
$actions = [
    'push' => fn(string $key, string $payload): bool => SseService::push(
        (string)base64_decode($key),
        unserialize((string)base64_decode($payload)),
    ),
    'check' => fn(string $key, int|string $known): ?array => SseService::check((string)base64_decode($key), $known),
    'cursor' => fn(string $key): string => Store::instance()->cursor((string)base64_decode($key)),
    'begin' => fn() => $connection()->begin(),
    'commit' => fn() => $connection()->commit(),
    'rollback' => fn() => $connection()->rollback(),
    'sql' => fn(string $sql): array => $connection()->execute($sql)->fetchAll('assoc'),
    'trim' => fn(string $key) => (new PayloadRows())->trim((string)base64_decode($key)),
    'describe' => function () use ($connection): array {
        $schema = $connection()->getSchemaCollection()->describe('sse_payloads');
        $columns = $schema->columns();

        return [
            array_combine($columns, array_map($schema->getColumnType(...), $columns)),
            array_map($schema->isNullable(...), array_combine($columns, $columns)),
            $schema->getColumn('payload')['length'] ?? null,
            $schema->getPrimaryKey(),
            array_map($schema->getConstraint(...), array_diff($schema->constraints(), ['primary'])),
        ];
    },
    'table' => fn() => PayloadsSchema::create($connection()),
    // As another host's push does, whose store is another one.
    'insert' => fn(string $key, mixed $payload): ?string => (new DatabasePayloadStrategy())->append($key, $payload),
    'clear' => fn(): bool => Cache::clear('default'),
];
while (($line = fgets(STDIN)) !== false) {
    [$name, $arguments] = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    try {
        $answer = ['answer' => $actions[$name](...$arguments)];
    } catch (Throwable $exception) {
        $answer = ['error' => $exception::class . ': ' . $exception->getMessage()];
    }
    echo json_encode($answer, JSON_THROW_ON_ERROR), "\n";
}
