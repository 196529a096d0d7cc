--TEST--
Sse\push(): an event gets its name from the argument, else from the payload's member "event", else from the stream
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$pushes = [
    [['a' => 1]],
    [['event' => 'toast', 'a' => 1]],
    [['a' => 1, 'event' => 'toast', 'b' => 2]],
    [['a' => 1, 'event' => 'toast']],
    [['event' => 'toast']],
    [(object)['event' => 'toast', 'a' => 1]],
    [['event' => 'toast', 'a' => 1], 'alert'],
    [['a' => 1], 'alert'],
    ['text', 'Grüße: 1 & more'],
    [['event' => '', 'a' => 1]],
    [['event' => 7]],
    [['event' => null]],
    [['event' => ['toast']]],
    [['nested' => ['event' => 'toast']]],
    [['event', 'toast']],
    [['Event' => 'toast']],
    [['event' => '7'], 8],
];
foreach ($pushes as $push) {
    Sse\push('k', ...$push);
}
stream('k', ['replay' => 'all']);
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message {"a":1}
#3 toast {"a":1}
#4 toast {"a":1,"b":2}
#5 toast {"a":1}
#6 toast {}
#7 toast {"a":1}
#8 alert {"event":"toast","a":1}
#9 alert {"a":1}
#10 Grüße: 1 & more "text"
#11 message {"event":"","a":1}
#12 message {"event":7}
#13 message {"event":null}
#14 message {"event":["toast"]}
#15 message {"nested":{"event":"toast"}}
#16 message ["event","toast"]
#17 message {"Event":"toast"}
#18 8 {"event":"7"}
CaughtUp
