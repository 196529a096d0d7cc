--TEST--
Sse\stream(): other options that can't be used
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['last ', 'first', -1, 1.5, true, [], '5', PHP_INT_MIN] as $value) {
    attempt(fn () => Sse\stream('k', ['replay' => $value]));
}
foreach ([['retry', -1], ['retry', '5-1'], ['retry', 1e9], ['retry', []], ['connected', 1], ['connected', 'no'], ['lastEventId', 5], ['lastEventId', []], ['eventName', "a\nb"], ['eventName', ''], ['eventName', "\xff"], ['eventName', 7], ['dsn', 'x']] as [$name, $value]) {
    attempt(fn () => Sse\stream('k', [$name => $value]));
}
--EXPECT--
Sse\InvalidArgumentException: Sse\stream(): option "replay" is "last "; it takes "last", "none", "all" or a number of events from 0
Sse\InvalidArgumentException: Sse\stream(): option "replay" is "first"; it takes "last", "none", "all" or a number of events from 0
Sse\InvalidArgumentException: Sse\stream(): option "replay" is "-1"; it takes "last", "none", "all" or a number of events from 0
Sse\InvalidArgumentException: Sse\stream(): option "replay" is "1.5"; it takes "last", "none", "all" or a number of events from 0
Sse\InvalidArgumentException: Sse\stream(): option "replay" is bool; it takes "last", "none", "all" or a number of events from 0
Sse\InvalidArgumentException: Sse\stream(): option "replay" is array; it takes "last", "none", "all" or a number of events from 0
Sse\InvalidArgumentException: Sse\stream(): option "replay" is "5"; it takes "last", "none", "all" or a number of events from 0
Sse\InvalidArgumentException: Sse\stream(): option "replay" is "-9223372036854775808"; it takes "last", "none", "all" or a number of events from 0
Sse\InvalidArgumentException: Sse\stream(): option "retry" is "-1"; it takes milliseconds from 0 to 3600000, or a range such as 1000-4000
Sse\InvalidArgumentException: Sse\stream(): option "retry" is "5-1"; it takes milliseconds from 0 to 3600000, or a range such as 1000-4000
Sse\InvalidArgumentException: Sse\stream(): option "retry" is "1000000000"; it takes milliseconds from 0 to 3600000, or a range such as 1000-4000
Sse\InvalidArgumentException: Sse\stream(): option "retry" is array; it takes milliseconds from 0 to 3600000, or a range such as 1000-4000
Sse\InvalidArgumentException: Sse\stream(): option "connected" is "1"; it takes true or false
Sse\InvalidArgumentException: Sse\stream(): option "connected" is "no"; it takes true or false
Sse\InvalidArgumentException: Sse\stream(): option "lastEventId" is "5"; it takes a string
Sse\InvalidArgumentException: Sse\stream(): option "lastEventId" is array; it takes a string
Sse\InvalidArgumentException: Sse\stream(): option "eventName": the event name "a\nb" has a line break or NUL at byte 1, which would forge lines on the wire; remove it
Sse\InvalidArgumentException: Sse\stream(): option "eventName": an event name must not be empty; leave it out (null) for the stream's eventName
Sse\InvalidArgumentException: Sse\stream(): option "eventName": the event name "�" is not valid UTF-8, which an event stream must be
Sse\InvalidArgumentException: Sse\stream(): option "eventName" is "7"; it takes a string
Sse\InvalidArgumentException: Sse\stream(): option "dsn" is "x"; it takes a data source name: file:///var/lib/php-sse, sqlite:///var/lib/php-sse/events.sqlite, redis://host, rediss://host or redis+unix:///run/redis/redis.sock
