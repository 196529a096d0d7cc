--TEST--
Sse\read(): an entry that tells of missing events says so by its field, whatever events are called
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\configure(['retention_events' => 1]);
[$first] = [Sse\push('k', 1), Sse\push('k', 2), Sse\push('k', ['keys' => ['k'], 'from' => '1-0', 'to' => '2-0'], 'gap')];
foreach (Sse\read('k', $first) as $event) {
    echo masked(json_encode([$event['gap'], $event['event'], $event['data']])), "\n";
}
--EXPECT--
[true,"sse-gap",{"keys":["k"],"from":"id1","to":"id2"}]
[false,"gap",{"keys":["k"],"from":"1-0","to":"2-0"}]
