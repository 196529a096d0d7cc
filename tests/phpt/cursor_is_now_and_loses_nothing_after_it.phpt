--TEST--
Sse\cursor(): "now", to be put into a page: nothing pushed after it is lost, nothing before it comes again
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push('k', 'before');
$cursor = Sse\cursor('k');
echo preg_match('/^[\w-]{20,30}$/', $cursor), "\n";
Sse\push('k', 'first');
Sse\push('k', 'second');
$wire = stream('k', ['lastEventId' => $cursor]);
echo lastId($wire) === Sse\cursor('k') ? "the last frame's id is now\n" : "?\n";
stream('k', ['lastEventId' => Sse\cursor('k')]);
--EXPECT--
1
retry=default #1 connected {"time": "H:i:s"}
#2 message "first"
#3 message "second"
CaughtUp
the last frame's id is now
retry=default #3 connected {"time": "H:i:s"}
CaughtUp
