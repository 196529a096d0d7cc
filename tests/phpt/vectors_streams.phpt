--TEST--
tests/vectors/streams.json: replay, cursors and gaps, byte by byte
--FILE--
<?php
require __DIR__ . '/vectors.inc';
table('streams.json', 'rows', function (array $row): void {
    storeOf($row['files']);
    $wire = wire($row['keys'], ['lastEventId' => $row['client'], 'replay' => $row['replay']]);
    same($row['wire'], preg_replace('/\d\d:\d\d:\d\d/', '{time}', $wire, 1), 'the wire');
});
// Each gap is also in the log.
$gaps = substr_count((string)file_get_contents(temporary() . '/error.log'), 'the client is told');
echo $gaps > 5 ? "gaps are logged\n" : "$gaps gaps are logged\n";
unlink(temporary() . '/error.log');
--EXPECT--
streams.json, rows: done
gaps are logged
