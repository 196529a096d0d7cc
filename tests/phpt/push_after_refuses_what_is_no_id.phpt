--TEST--
Sse\push(), option after: what is no event's id
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['', 'x', '1', '0-00', 'EM3XEV8ql1EBogTWCZQAqFw'] as $after) {
    attempt(fn () => Sse\push('k', 1, null, ['after' => $after]));
}
attempt(fn () => Sse\push('k', 1, null, ['after' => 5]));
attempt(fn () => Sse\push('k', 1, null, ['after' => false]));
attempt(fn () => Sse\push('k', str_repeat('x', 1 << 20), null, ['after' => '0-0']));
echo count(Sse\read('k')), " events\n";
--EXPECT--
Sse\InvalidArgumentException: Sse\push(): option "after": "" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\push(): option "after": "x" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\push(): option "after": "1" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\push(): option "after": "0-00" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\push(): option "after": "EM3XEV8ql1EBogTWCZQAqFw" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\push(): option "after" is "5"; it takes a string
Sse\InvalidArgumentException: Sse\push(): option "after" is bool; it takes a string
Sse\InvalidArgumentException: Sse\push(): key "k": the event's data is 1048578 bytes of JSON, the limit is 1048576; raise sse.max_payload or push a reference that beforeSend resolves
0 events
