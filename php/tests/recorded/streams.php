<?php
declare(strict_types=1);

/*
 * Streams over a store that is there, and what the other functions answer of it: `php streams.php STORE`. Printed is what
 * goes over the wire, byte by byte, but for the time of day.
 */

if (!extension_loaded('sse')) {
    require_once dirname(__DIR__, 2) . '/bootstrap.php';
}
Sse\configure(['dir' => $argv[1], 'retention_seconds' => 315_360_000, 'retry' => 7]);

$ids = array_column(Sse\read('many'), 'id');
$cursors = [null, '', 'undefined', $ids[0], $ids[5], end($ids), '9999999999999-0', '1-0', Sse\cursor('many'), Sse\cursor(['many', 'names'])];
$keys = ['many', 'names', 'gone', 'damaged', 'external', 'lines', "b\xffytes \"é\"", ['many', 'names'], ['names', 'many', 'damaged', 'external']];
$closures = [
    [],
    ['beforeSend' => fn (mixed $data): mixed => $data],
    ['beforeSend' => fn (mixed $data): mixed => is_int($data) && $data % 2 ? null : ['event' => 'made', 'of' => $data]],
    ['fetch' => fn (mixed $reference): ?array => $reference === 'gone' ? null : [['fetched' => $reference]]],
    ['fetch' => fn (): array => [1], 'beforeSend' => fn (mixed $data): string => json_encode($data)],
];
$others = [[], ['eventName' => 'news'], ['connected' => false], ['replay' => 'none'], ['replay' => 'all'], ['replay' => 3]];
$number = 0;
foreach ($keys as $key) {
    foreach ($cursors as $cursor) {
        foreach ($closures as $callbacks) {
            foreach ($others as $options) {
                echo '== ', ++$number, "\n";
                $end = Sse\stream($key, $callbacks + $options + ['lastEventId' => $cursor, 'follow' => false]);
                echo $end->name, "\n";
            }
        }
    }
}
foreach (['many', 'names', 'gone', 'damaged', 'external', 'lines', 'unknown'] as $key) {
    foreach ([100, 3, -1, -4, -1000] as $limit) {
        foreach ([null, '0-0', '1500000000000-0', $ids[0], $ids[5]] as $after) {
            echo json_encode(Sse\read($key, $after, $limit)), "\n";
        }
    }
}
echo Sse\cursor(array_merge(...array_map(fn (string|array $key): array => (array)$key, $keys))), "\n";
