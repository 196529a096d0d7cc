--TEST--
Sse\push(): JsonSerializable payloads are encoded once, and may push themselves
--FILE--
<?php
require __DIR__ . '/sse.inc';
final class Order implements JsonSerializable
{
    public int $calls = 0;

    public function jsonSerialize(): mixed
    {
        $this->calls++;
        Sse\push('inner', 'from within');

        return ['event' => 'order', 'id' => 5];
    }
}
store();
Sse\push('outer', $order = new Order());
stream(['inner', 'outer']);
echo $order->calls, " call\n";
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "from within"
#3 order {"id":5}
CaughtUp
1 call
