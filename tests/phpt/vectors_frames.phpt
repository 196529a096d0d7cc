--TEST--
tests/vectors/frames.json: what is pushed, in the log and on the wire
--FILE--
<?php
require __DIR__ . '/vectors.inc';
table('frames.json', 'rows', function (array $row): void {
    $directory = storeOf([]);
    Sse\push('k', eval("return $row[php];"), $row['event']);
    $lines = file("$directory/" . logName('k'), FILE_IGNORE_NEW_LINES);
    [, $flags, $length, , $json] = explode(' ', $lines[1], 5);
    same($row['json'], $json, 'the JSON');
    same($row['flags'], $flags, 'flags');
    same(strlen($json), (int)$length, 'length');
    $wire = wire('k', ['eventName' => $row['eventName'], 'connected' => false]);
    same($row['frame'], preg_replace('/^id: [\w-]+$/m', 'id: {id}', substr($wire, strlen(": connected\n\n")), 1), 'the frame');
});
--EXPECT--
frames.json, rows: done
