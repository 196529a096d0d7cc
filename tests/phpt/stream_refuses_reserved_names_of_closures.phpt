--TEST--
Sse\stream(): a name that means something else to clients is refused also where a closure answers it
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$options = ['connected' => false, 'replay' => 'all'];
$names = ['error', 'open', 'connected', 'sse-gap', 'toast'];
array_map(fn (string $name) => Sse\push('before', $name), $names);
echo shown(stream('before', ['beforeSend' => fn (string $name): array => ['event' => $name]] + $options));
logged();
// Ids are a key's own: those of another one's events in the same millisecond would be the same.
tick();
array_map(fn (string $name) => Sse\push('fetched', $name, options: ['external' => true]), $names);
echo shown(stream('fetched', ['fetch' => fn (string $name): array => [['event' => $name]]] + $options));
logged();
--EXPECT--
retry=default : connected
#1 toast {}
CaughtUp
retry=default : connected
#1 toast {}
log: sse: beforeSend, key "before", event id1: its result can't be sent, the event is skipped: the event name "error" is EventSource's own, for a connection that is lost, and a page would take this event for it; take another name, such as "failure"
log: sse: beforeSend, key "before", event id2: its result can't be sent, the event is skipped: the event name "open" is EventSource's own, for a connection that is there, and a page would take this event for it; take another name, such as "opened"
log: sse: beforeSend, key "before", event id3: its result can't be sent, the event is skipped: the event name "connected" is the one that a stream begins with, and a page would take this event for it; take another name, such as "online"
log: sse: beforeSend, key "before", event id4: its result can't be sent, the event is skipped: the event name "sse-gap" is the one that tells of missing events, and a page would take this event for it; take another name, such as "gap"
retry=default : connected
#2 toast {}
CaughtUp
retry=default : connected
#2 toast {}
log: sse: fetch, key "fetched", event id5: its result can't be sent, the event is skipped: the event name "error" is EventSource's own, for a connection that is lost, and a page would take this event for it; take another name, such as "failure"
log: sse: fetch, key "fetched", event id6: its result can't be sent, the event is skipped: the event name "open" is EventSource's own, for a connection that is there, and a page would take this event for it; take another name, such as "opened"
log: sse: fetch, key "fetched", event id7: its result can't be sent, the event is skipped: the event name "connected" is the one that a stream begins with, and a page would take this event for it; take another name, such as "online"
log: sse: fetch, key "fetched", event id8: its result can't be sent, the event is skipped: the event name "sse-gap" is the one that tells of missing events, and a page would take this event for it; take another name, such as "gap"
