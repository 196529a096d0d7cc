--TEST--
tests/vectors/lines.json: line ends in data
--FILE--
<?php
require __DIR__ . '/vectors.inc';
table('lines.json', 'rows', function (array $row): void {
    if (str_contains($row['data'], "\n")) {
        // A log can't have it: LF ends its lines.
        return;
    }
    $head = '1767225600000-1 - ' . strlen($row['data']);
    $line = "$head " . hash('crc32b', "$head $row[data]") . " $row[data]\n";
    storeOf(['store' => summed('sse-store 1 0badcafe 0-0'), logName('k') => summed('sse-log 1 0badcafe 0-0 0-0 k') . $line]);
    $wire = wire('k', ['connected' => false]);
    same($row['frame'], preg_replace('/^id: [\w-]+$/m', 'id: {id}', substr($wire, strlen(": connected\n\n")), 1), 'the frame');
});
--EXPECT--
lines.json, rows: done
