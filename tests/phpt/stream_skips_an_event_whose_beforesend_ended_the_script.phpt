--TEST--
Sse\stream(): a fatal error or exit in beforeSend ends the script; the client resumes, and the second time the event is skipped
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['a', 'memory', 'b', 'exit', 'c', 'error', 'd'] as $payload) {
    Sse\push('k', $payload);
}
$stream = <<<'PHP'
    Sse\stream('k', [
        'follow' => false, 'replay' => 'all', 'lastEventId' => $argv[1],
        'beforeSend' => fn (string $payload): string => match ($payload) {
            'memory' => str_repeat('x', 1 << 30),
            'exit' => exit,
            'error' => trigger_error('fatal', E_USER_ERROR) . '',
            default => $payload,
        },
    ]);
    PHP;
$id = '';
for ($connection = 1; $connection <= 7; $connection++) {
    $wire = script($stream, $id);
    $id = lastId($wire) ?? $id;
    preg_match_all('/^data: "(.*)"$/m', $wire, $data);
    echo "connection $connection: ", implode(' ', $data[1]), "\n";
}
logged();
--EXPECT--
connection 1: a
connection 2: 
connection 3: b
connection 4: 
connection 5: 
connection 6: 
connection 7: c d
log: sse: event id1 of key "k" is skipped: beforeSend ended the script at it 2 times
log: sse: event id2 of key "k" is skipped: beforeSend ended the script at it 2 times
log: sse: event id2 of key "k" is skipped: beforeSend ended the script at it 2 times
log: sse: event id2 of key "k" is skipped: beforeSend ended the script at it 2 times
log: sse: event id3 of key "k" is skipped: beforeSend ended the script at it 2 times
