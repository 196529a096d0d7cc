--TEST--
Sse\push(): event names that can't be used
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
attempt(fn () => Sse\push('k', 1, ''));
attempt(fn () => Sse\push('k', 1, "a\nid: forged"));
attempt(fn () => Sse\push('k', 1, "a\r"));
attempt(fn () => Sse\push('k', 1, "\0"));
attempt(fn () => Sse\push('k', 1, "\xff"));
attempt(fn () => Sse\push('k', ['event' => "a\nb"]));
attempt(fn () => Sse\push('k', 1, []));
attempt(fn () => Sse\push('k', 1, false));
echo count(Sse\read('k')), " events\n";
--EXPECT--
Sse\InvalidArgumentException: Sse\push(): key "k": an event name must not be empty; leave it out (null) for the stream's eventName
Sse\InvalidArgumentException: Sse\push(): key "k": the event name "a\nid: forged" has a line break or NUL at byte 1, which would forge lines on the wire; remove it
Sse\InvalidArgumentException: Sse\push(): key "k": the event name "a\r" has a line break or NUL at byte 1, which would forge lines on the wire; remove it
Sse\InvalidArgumentException: Sse\push(): key "k": the event name "\u{0}" has a line break or NUL at byte 0, which would forge lines on the wire; remove it
Sse\InvalidArgumentException: Sse\push(): key "k": the event name "�" is not valid UTF-8, which an event stream must be
Sse\InvalidArgumentException: Sse\push(): key "k": the event name "a\nb" has a line break or NUL at byte 1, which would forge lines on the wire; remove it
TypeError: Sse\push(): event must be a string or null, array given
TypeError: Sse\push(): event must be a string or null, bool given
0 events
