--TEST--
Sse\read(): the events of a key as they were pushed, oldest first
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$ids = [Sse\push('k', ['event' => 'toast', 'a' => 1.5]), Sse\push('k', null, 'empty'), Sse\push('k', (object)[])];
$events = Sse\read('k');
foreach ($events as $index => $event) {
    echo implode(' ', array_keys($event)), ': ', $event['id'] === $ids[$index] ? 'id ok ' : 'id? ';
    echo abs($event['time'] - (float)explode('-', $event['id'])[0] / 1000) < 0.0005 && is_float($event['time']) ? 'time ok ' : 'time? ';
    echo json_encode([$event['event'], $event['data'], $event['external'], $event['gap']]), "\n";
}
--EXPECT--
id time event data external gap: id ok time ok ["toast",{"event":"toast","a":1.5},false,false]
id time event data external gap: id ok time ok ["empty",null,false,false]
id time event data external gap: id ok time ok [null,[],false,false]
