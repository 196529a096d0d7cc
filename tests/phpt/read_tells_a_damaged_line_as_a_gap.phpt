--TEST--
Sse\read(): a line damaged by hand is a gap, and the rest is there
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
$ids = [Sse\push('k', 'one'), Sse\push('k', 'two'), Sse\push('k', 'three')];
[$log] = glob("$directory/*.log");
file_put_contents($log, str_replace('"two"', '"TWO"', file_get_contents($log)));
foreach (Sse\read('k') as $event) {
    echo $event['event'] ?? 'message', ' ', masked(json_encode($event['data'])), "\n";
}
echo masked(implode(' ', $ids)), "\n";
Sse\push('k', 'four');
echo count(Sse\read('k')), " entries\n";
--EXPECT--
message "one"
sse-gap {"keys":["k"],"from":"id1","to":"id2"}
message "three"
id1 id2 id3
4 entries
