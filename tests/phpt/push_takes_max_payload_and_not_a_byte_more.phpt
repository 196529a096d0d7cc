--TEST--
Sse\push(): a payload of sse.max_payload bytes is stored, one byte more is refused and leaves nothing
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\configure(['max_payload' => '1K']);
Sse\push('k', str_repeat('x', 1022));
attempt(fn () => Sse\push('k', str_repeat('x', 1023)));
// Escapes count: the limit is on the JSON.
attempt(fn () => Sse\push('k', str_repeat('é', 171)));
echo count(Sse\read('k')), " event\n";
Sse\configure(['max_payload' => '64M']);
Sse\push('k', str_repeat('x', 5_000_000));
echo strlen(Sse\read('k')[1]['data']), "\n";
--EXPECT--
Sse\InvalidArgumentException: Sse\push(): key "k": the event's data is 1025 bytes of JSON, the limit is 1024; raise sse.max_payload or push a reference that beforeSend resolves
Sse\InvalidArgumentException: Sse\push(): key "k": the event's data is 1028 bytes of JSON, the limit is 1024; raise sse.max_payload or push a reference that beforeSend resolves
1 event
5000000
