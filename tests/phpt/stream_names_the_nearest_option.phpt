--TEST--
Sse\stream(): unknown options name the nearest one
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['heartbeet', 'eventname', 'before_send', 'onloop', 'last_event_id', 'timeout', 'Fetch', 0] as $name) {
    try {
        Sse\stream('k', [$name => 1]);
    } catch (Sse\InvalidArgumentException $error) {
        echo explode(' Known', $error->getMessage())[0], "\n";
    }
}
attempt(fn () => Sse\stream('k', ['x' => 1]));
attempt(fn () => Sse\stream('k', 'lifetime'));
--EXPECT--
Sse\stream(): unknown option "heartbeet"; did you mean "heartbeat"?
Sse\stream(): unknown option "eventname"; did you mean "eventName"?
Sse\stream(): unknown option "before_send"; did you mean "beforeSend"?
Sse\stream(): unknown option "onloop"; did you mean "onLoop"?
Sse\stream(): unknown option "last_event_id"; did you mean "lastEventId"?
Sse\stream(): unknown option "timeout"; known are eventName, heartbeat, poll, fetch, beforeSend, shared, collect, onLoop, lastEventId, replay, retry, lifetime, handoff, connected, follow, dsn
Sse\stream(): unknown option "Fetch"; did you mean "fetch"?
Sse\stream(): unknown option "0"; known are eventName, heartbeat, poll, fetch, beforeSend, shared, collect, onLoop, lastEventId, replay, retry, lifetime, handoff, connected, follow, dsn
Sse\InvalidArgumentException: Sse\stream(): unknown option "x"; known are eventName, heartbeat, poll, fetch, beforeSend, shared, collect, onLoop, lastEventId, replay, retry, lifetime, handoff, connected, follow, dsn
TypeError: Sse\stream(): options must be an array, string given
