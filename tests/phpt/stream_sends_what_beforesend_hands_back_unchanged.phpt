--TEST--
Sse\stream(): a payload that beforeSend hands back is sent as it was pushed, byte by byte
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push('k', ['empty' => (object)[], 'float' => 10.0, 'big' => 1e25, 'event' => 'toast', 'slash' => '/é']);
stream('k', ['beforeSend' => fn (mixed $payload): mixed => $payload]);
stream('k', ['beforeSend' => fn (mixed $payload): mixed => ['more' => 1] + $payload]);
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 toast {"empty":{},"float":10,"big":1.0e+25,"slash":"\/\u00e9"}
CaughtUp
retry=default #1 connected {"time": "H:i:s"}
#2 toast {"more":1,"empty":[],"float":10,"big":1.0e+25,"slash":"\/\u00e9"}
CaughtUp
