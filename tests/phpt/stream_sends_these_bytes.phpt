--TEST--
Sse\stream(): the bytes of a stream
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push('USER_QUEUE_1', ['event' => 'toast', 'message' => "Grüße\n"]);
ob_start();
$end = Sse\stream('USER_QUEUE_1', ['follow' => false]);
$wire = ob_get_clean();
echo preg_replace(['/^retry: [1-4]\d{3}$/m', '/^id: [\w-]{20,30}$/m', '/\d\d:\d\d:\d\d/'], ['retry: N', 'id: CURSOR', 'H:i:s'], $wire);
var_dump($end);
echo "what follows is printed as usual\n";
--EXPECT--
retry: N
id: CURSOR
event: connected
data: {"time": "H:i:s"}

id: CURSOR
event: toast
data: {"message":"Gr\u00fc\u00dfe\n"}

enum(Sse\StreamEnd::CaughtUp)
what follows is printed as usual
