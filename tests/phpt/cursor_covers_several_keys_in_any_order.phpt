--TEST--
Sse\cursor(): of several keys, in any order, and of keys that nobody pushed to
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push('a', 1);
echo Sse\cursor(['a', 'b', 'a']) === Sse\cursor(['b', 'a']) ? "same\n" : "different\n";
$cursor = Sse\cursor(['a', 'b']);
Sse\push('b', 2);
tick();
Sse\push('a', 3);
stream(['a', 'b'], ['lastEventId' => $cursor]);
stream(['b'], ['lastEventId' => $cursor]);
$eight = Sse\cursor(array_map(fn (int $n): string => "key $n", range(1, 8)));
echo strlen($eight) <= 128 && preg_match('/^[\w-]+$/', $eight) ? "short and safe in a header\n" : "?\n";
$all = Sse\cursor($keys = array_map(strval(...), range(1, 64)));
Sse\push('64', 'last key');
stream($keys, ['lastEventId' => $all]);
--EXPECT--
same
retry=default #1 connected {"time": "H:i:s"}
#2 message 2
#3 message 3
CaughtUp
retry=default #4 connected {"time": "H:i:s"}
#5 message 2
CaughtUp
short and safe in a header
retry=default #6 connected {"time": "H:i:s"}
#7 message "last key"
CaughtUp
