--TEST--
redis+unix://: push, read, stream, cursor and status
--FILE--
<?php
require __DIR__ . '/sse.inc';
require __DIR__ . '/redis.inc';
store();
$server = startRedis();
Sse\configure(['dsn' => "redis+unix://$server->socket"]);
foreach (['first', ['event' => 'toast', 'x' => 1.0], null] as $data) {
    $id = Sse\push('k', $data);
}
attempt(fn () => Sse\push('k', 'named', 'name'));
attempt(fn () => array_column(Sse\read('k', null, 3), 'data'));
attempt(fn () => array_column(Sse\read('k', $id), 'event'));
$cursor = Sse\cursor('k');
Sse\push('k', 'last');
stream('k', ['lastEventId' => $cursor]);
stream('k', ['connected' => false, 'replay' => 0, 'poll' => 0.05, 'onLoop' => fn () => Sse\push('k', 'woken')], until: 1);
attempt(fn () => array_intersect_key(Sse\status(), ['engine' => 1, 'store' => 1, 'problem' => 1, 'signal' => 1]));
echo $server->cli('EXISTS', 'sse:{k}log');
$server->cli('FLUSHALL');
stream('k', ['lastEventId' => $cursor, 'connected' => false]);
logged();
--EXPECT--
id1
["first",{"event":"toast","x":1},null]
["name"]
retry=default #1 connected {"time": "H:i:s"}
#2 message "last"
CaughtUp
retry=default : connected
#3 message "woken"
{"engine":"redis","store":"redis+unix://{temporary}/redis.sock?prefix=sse:","problem":null,"signal":"redis"}
1
retry=default : connected
#4 sse-gap {"keys":["k"],"from":"id1","to":"id2"}
CaughtUp
log: sse: gap in key "k": events after id1 up to id2 are gone; the client is told
