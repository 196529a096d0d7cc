--TEST--
tests/vectors/names.json and keys.json: names and keys, and what is wrong with them
--FILE--
<?php
require __DIR__ . '/vectors.inc';
table('names.json', 'rows', function (array $row): void {
    storeOf([]);
    $name = bytes($row, 'event');
    same($row['error'] === null ? null : "key \"k\": $row[error]", refusal(fn () => Sse\push('k', 1, $name)), 'push');
    same($row['error'], refusal(fn () => Sse\encode(1, $name)), 'encode');
    same($row['error'] === null ? null : "option \"eventName\": $row[error]", refusal(fn () => wire('k', ['eventName' => $name])), 'eventName');
    if ($row['error'] === null) {
        same($name, Sse\read('k')[0]['event'], 'what is read');
        same(1, substr_count(wire('k'), "\nevent: $name\n"), 'frames');
    } elseif ($name !== '' && json_encode($name) !== false) {
        same("key \"k\": $row[error]", refusal(fn () => Sse\push('k', ['event' => $name])), 'push with the name in the payload');
        same($row['error'], refusal(fn () => Sse\encode(['event' => $name])), 'encode with the name in the payload');
    }
});
table('keys.json', 'rows', function (array $row): void {
    $directory = storeOf([]);
    $key = bytes($row, 'key');
    same($row['error'], refusal(fn () => Sse\push($key, 1)), 'push');
    if ($row['error'] === null) {
        same($row['file'], basename(glob("$directory/*.log")[0]), 'the file');
        same($row['file'], logName($key), 'the file, by the rule');
    }
});
--EXPECT--
names.json, rows: done
keys.json, rows: done
