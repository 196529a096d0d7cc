--TEST--
Sse\encode(): what Sse\push() would refuse
--FILE--
<?php
require __DIR__ . '/sse.inc';
Sse\configure(['max_payload' => '1K']);
attempt(fn () => Sse\encode());
attempt(fn () => Sse\encode("\xff"));
attempt(fn () => Sse\encode(NAN));
attempt(fn () => Sse\encode(1, ''));
attempt(fn () => Sse\encode(1, "a\nb"));
attempt(fn () => Sse\encode(1, []));
attempt(fn () => Sse\encode(['event' => 'error']));
attempt(fn () => Sse\encode(str_repeat('x', 1_023)));
attempt(fn () => Sse\encode(new class implements JsonSerializable {
    public function jsonSerialize(): mixed
    {
        throw new LogicException('of its own');
    }
}));
ini_set('sse.max_payload', 'much');
attempt(fn () => Sse\encode(1));
--EXPECT--
ArgumentCountError: Sse\encode() expects at least 1 argument, 0 given
Sse\InvalidArgumentException: Sse\encode(): the data can't be encoded as JSON: Malformed UTF-8 characters, possibly incorrectly encoded; push arrays, scalars, UTF-8 strings or JsonSerializable objects
Sse\InvalidArgumentException: Sse\encode(): the data can't be encoded as JSON: Inf and NaN cannot be JSON encoded; push arrays, scalars, UTF-8 strings or JsonSerializable objects
Sse\InvalidArgumentException: Sse\encode(): an event name must not be empty; leave it out (null) for the stream's eventName
Sse\InvalidArgumentException: Sse\encode(): the event name "a\nb" has a line break or NUL at byte 1, which would forge lines on the wire; remove it
TypeError: Sse\encode(): event must be a string or null, array given
Sse\InvalidArgumentException: Sse\encode(): the event name "error" is EventSource's own, for a connection that is lost, and a page would take this event for it; take another name, such as "failure"
Sse\InvalidArgumentException: Sse\encode(): the event's data is 1025 bytes of JSON, the limit is 1024; raise sse.max_payload or push a reference that beforeSend resolves
LogicException: of its own
Sse\InvalidArgumentException: Sse\encode(): sse.max_payload is "much"; it takes bytes from 1024 to 67108864, also as 64K, 8M or 1G
