--TEST--
Sse\push(): an external event keeps a reference, for the stream's fetch
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push('k', ['id' => 5, 'event' => 'not a name'], 'row', ['external' => true]);
[$event] = Sse\read('k');
echo $event['event'], ' ', json_encode($event['data']), ' ', json_encode($event['external']), "\n";
stream('k', ['fetch' => fn (array $reference): array => [['row' => $reference['id']]]]);
--EXPECT--
row {"id":5,"event":"not a name"} true
retry=default #1 connected {"time": "H:i:s"}
#2 row {"row":5}
CaughtUp
