--TEST--
Sse\stream(): it follows a key through retention, and one whose log is removed
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
Sse\configure(['retention_events' => 2]);
$calls = 0;
stream('k', ['poll' => 0.05, 'onLoop' => function () use (&$calls): void {
    foreach (range(1, 3) as $number) {
        Sse\push('k', ++$calls);
    }
}], until: 13);
$calls = 0;
stream('other', ['poll' => 0.05, 'onLoop' => function () use (&$calls, $directory): void {
    ++$calls === 1 && Sse\push('other', 'before');
    $calls === 2 && array_map(unlink(...), glob("$directory/other-*.log"));
    $calls === 3 && Sse\push('other', 'after');
}], until: fn (string $seen): bool => str_contains($seen, '"after"'));
logged();
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message 1
#3 message 2
#4 message 3
#5 message 4
#6 message 5
#7 message 6
#8 message 7
#9 message 8
#10 message 9
#11 message 10
#12 message 11
#13 message 12
retry=default #14 connected {"time": "H:i:s"}
#15 message "before"
#16 sse-gap {"keys":["other"],"from":"id1","to":"id2"}
#17 message "after"
log: sse: gap in key "other": events after id1 up to id2 are gone; the client is told
