--TEST--
Sse\stream(): what can't be called
--FILE--
<?php
require __DIR__ . '/sse.inc';
final class Closed
{
    private function hidden(): void
    {
    }
}
store();
foreach (['beforeSend', 'onLoop', 'fetch'] as $name) {
    attempt(fn () => Sse\stream('k', [$name => 'no_such_function']));
}
foreach ([[new Closed(), 'hidden'], ['Nowhere', 'method'], ['strlen'], new ArrayObject(), 5, true, ''] as $value) {
    attempt(fn () => Sse\stream('k', ['beforeSend' => $value]));
}
stream('k', ['beforeSend' => null, 'onLoop' => null, 'fetch' => null]);
--EXPECT--
Sse\InvalidArgumentException: Sse\stream(): option "beforeSend" is "no_such_function"; it takes a callable
Sse\InvalidArgumentException: Sse\stream(): option "onLoop" is "no_such_function"; it takes a callable
Sse\InvalidArgumentException: Sse\stream(): option "fetch" is "no_such_function"; it takes a callable
Sse\InvalidArgumentException: Sse\stream(): option "beforeSend" is array; it takes a callable
Sse\InvalidArgumentException: Sse\stream(): option "beforeSend" is array; it takes a callable
Sse\InvalidArgumentException: Sse\stream(): option "beforeSend" is array; it takes a callable
Sse\InvalidArgumentException: Sse\stream(): option "beforeSend" is ArrayObject; it takes a callable
Sse\InvalidArgumentException: Sse\stream(): option "beforeSend" is "5"; it takes a callable
Sse\InvalidArgumentException: Sse\stream(): option "beforeSend" is bool; it takes a callable
Sse\InvalidArgumentException: Sse\stream(): option "beforeSend" is ""; it takes a callable
retry=default #1 connected {"time": "H:i:s"}
CaughtUp
