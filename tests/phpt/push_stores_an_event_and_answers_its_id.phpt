--TEST--
Sse\push(): stores an event and answers its id
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$first = Sse\push('USER_QUEUE_1', ['message' => 'hello']);
$second = Sse\push('USER_QUEUE_1', 'again', 'toast');
var_dump((bool)preg_match('/^[1-9]\d{12}-\d+$/', $first));
var_dump(strnatcmp($first, $second) < 0);
attempt(fn () => Sse\read('USER_QUEUE_1', $first)[0]['id'] === $second);
stream('USER_QUEUE_1', ['replay' => 'all']);
--EXPECT--
bool(true)
bool(true)
true
retry=default #1 connected {"time": "H:i:s"}
#2 message {"message":"hello"}
#3 toast "again"
CaughtUp
