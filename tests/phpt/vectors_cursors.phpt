--TEST--
tests/vectors/cursors.json: the text of cursors, and texts that are none
--FILE--
<?php
require __DIR__ . '/vectors.inc';
table('cursors.json', 'written', function (array $row): void {
    $files = ['store' => summed("sse-store 1 $row[epoch] 0-0")];
    foreach (array_map(null, $row['keys'], $row['positions']) as [$key, $position]) {
        $files[logName($key)] = summed("sse-log 1 $row[epoch] $position $position " . rawurlencode($key));
    }
    storeOf($files);
    same($row['text'], Sse\cursor($row['keys']), 'the cursor');
    same(1, substr_count(wire($row['keys'], ['lastEventId' => $row['text'], 'replay' => 'all']), "\n\n"), 'frames of a stream that has all');
});
$directory = null;
table('cursors.json', 'refused', function (array $row) use (&$directory): void {
    if ($directory === null) {
        $directory = storeOf([]);
        Sse\push('k', 'old');
        Sse\push('k', 'new');
    }
    same(wire('k', ['lastEventId' => null, 'connected' => false]), wire('k', ['lastEventId' => bytes($row, 'text'), 'connected' => false]), 'the stream');
});
logged();
--EXPECT--
cursors.json, written: done
cursors.json, refused: done
