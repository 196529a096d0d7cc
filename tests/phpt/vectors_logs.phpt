--TEST--
tests/vectors/logs.json: a log's header and events, damaged lines, and what may stand behind the last LF
--FILE--
<?php
require __DIR__ . '/vectors.inc';
$store = fn (string $epoch = '0badcafe'): array => ['store' => summed("sse-store 1 $epoch 0-0")];
$header = summed('sse-log 1 0badcafe 1767225600000-0 1767225600000-0 k');
table('logs.json', 'headers', function (array $row) use ($store): void {
    $key = bytes($row, 'key');
    $directory = storeOf($store($row['epoch']) + [logName($key) => bytes($row, 'line')]);
    same([], Sse\read($key, $row['trimmed_through']), 'what is read behind what was dropped');
    same($row['line'], file_get_contents("$directory/" . logName($key)), 'the log');
    // Ids go on above the last.
    same(1, strnatcmp(Sse\push($key, 1), $row['last_id']), 'the next id');
});
table('logs.json', 'events', function (array $row) use ($store, $header): void {
    $directory = storeOf($store() + [logName('k') => $header . bytes($row, 'line')]);
    [$event] = Sse\read('k');
    same([$row['id'], $row['event'], json_decode($row['json'], true), $row['external']], [$event['id'], $event['event'], $event['data'], $event['external']], 'the event');
    $time = (float)(($row['stored_millis'] ?? (int)$row['id']) / 1000);
    // None of the future is told.
    same(true, $event['time'] === $time || $event['time'] < $time && $time > microtime(true), 'that it has its time');
    if (!$row['external']) {
        [$offset, $length] = $row['cut'] ?? [0, 0];
        $data = str_replace("\r", "\ndata: ", substr_replace($row['json'], '', $offset, $length));
        same(1, substr_count(wire('k'), "\nevent: " . ($row['event'] ?? 'message') . "\ndata: $data\n\n"), 'frames');
    }
});
table('logs.json', 'damaged', function (array $row) use ($store, $header): void {
    $line = fn (int $n): string => ($head = "1767225600000-$n - 1") . ' ' . hash('crc32b', "$head $n") . " $n\n";
    storeOf($store() + [logName('k') => $header . $line(1) . bytes($row, 'line') . $line(5)]);
    same([null, 'sse-gap', null], array_column(Sse\read('k'), 'event'), 'what is read');
    same(['keys' => ['k'], 'from' => '1767225600000-1', 'to' => '1767225600000-4'], Sse\read('k')[1]['data'], 'the gap');
});
table('logs.json', 'tails', function (array $row) use ($store, $header): void {
    storeOf($store() + [logName('k') => $header . bytes($row, 'tail')]);
    same([], Sse\read('k'), 'what is read before anybody writes');
    Sse\push('k', 'next');
    $expected = ['whole' => [false, false], 'torn' => [false], 'damaged' => [true, false]][$row['state']];
    same($expected, array_map(fn (array $event): bool => $event['event'] === 'sse-gap', Sse\read('k')), 'the gaps among what is read');
});
table('logs.json', 'stores', function (array $row): void {
    $directory = storeOf(['store' => bytes($row, 'line')]);
    $refusal = refusal(fn () => Sse\push('k', 1));
    if ($row['error'] === 'damaged') {
        same(true, str_contains((string)$refusal, "$directory/store is damaged: "), 'damaged');
    } else {
        same($row['error'] === null ? null : 'key "k": ' . str_replace('{path}', "$directory/store", $row['error']), $refusal, 'refused');
    }
    $row['error'] === null || same(bytes($row, 'line'), file_get_contents("$directory/store"), 'the file');
});
--EXPECT--
logs.json, headers: done
logs.json, events: done
logs.json, damaged: done
logs.json, tails: done
logs.json, stores: done
