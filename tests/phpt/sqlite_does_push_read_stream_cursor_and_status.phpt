--TEST--
sqlite://: push, read, stream, cursor and status
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$dsn = 'sqlite://' . temporary() . '/events%20of%20all.sqlite';
Sse\configure(['dsn' => $dsn]);
foreach (['first', ['event' => 'toast', 'é' => 1.0], null] as $data) {
    $id = Sse\push('k', $data);
}
attempt(fn () => Sse\push('k', 'named', 'name'));
attempt(fn () => array_column(Sse\read('k', null, 3), 'data'));
attempt(fn () => array_column(Sse\read('k', $id), 'event'));
$cursor = Sse\cursor('k');
Sse\push('k', 'last');
stream('k', ['lastEventId' => $cursor]);
stream('k', ['connected' => false, 'replay' => 0, 'poll' => 0.05, 'onLoop' => fn () => Sse\push('k', 'woken')], until: 1);
attempt(fn () => array_intersect_key(Sse\status(), ['engine' => 1, 'store' => 1, 'problem' => 1]));
echo is_file(temporary() . '/events of all.sqlite') ? "its file\n" : "no file\n";
--EXPECT--
id1
["first",{"event":"toast","\u00e9":1},null]
["name"]
retry=default #1 connected {"time": "H:i:s"}
#2 message "last"
CaughtUp
retry=default : connected
#3 message "woken"
{"engine":"sqlite","store":"{temporary}/events of all.sqlite","problem":null}
its file
