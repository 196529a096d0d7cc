--TEST--
Sse\stream(): beforeSend may answer objects; one that can't be encoded is logged and skipped
--FILE--
<?php
require __DIR__ . '/sse.inc';
final class Answer implements JsonSerializable
{
    public function __construct(private string $payload)
    {
    }

    public function jsonSerialize(): mixed
    {
        return $this->payload === 'b' ? throw new DomainException('not this one') : ['event' => 'object', 'of' => $this->payload];
    }
}
store();
foreach (['a', 'b', 'c', 'd'] as $payload) {
    Sse\push('k', $payload);
}
stream('k', ['replay' => 'all', 'beforeSend' => fn (string $payload): mixed => $payload === 'c' ? STDIN : new Answer($payload)]);
logged();
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 object {"of":"a"}
#3 object {"of":"d"}
CaughtUp
log: sse: beforeSend, key "k", event id1: encoding its result threw DomainException: not this one in {test}:11; the event is skipped
log: sse: beforeSend, key "k", event id2: its result can't be sent, the event is skipped: the data can't be encoded as JSON: Type is not supported; push arrays, scalars, UTF-8 strings or JsonSerializable objects
