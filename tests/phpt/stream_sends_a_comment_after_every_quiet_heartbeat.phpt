--TEST--
Sse\stream(): a comment after every quiet heartbeat
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push('k', 1);
stream('k', ['heartbeat' => 1, 'connected' => false], until: fn (string $seen): bool => substr_count($seen, ': heartbeat') === 2);
// Events that are filtered don't put it off.
$calls = 0;
stream('k', [
    'heartbeat' => 1, 'connected' => false, 'poll' => 0.05,
    'onLoop' => function () use (&$calls): void {
        $calls++;
        Sse\push('k', 'filtered');
    },
    'beforeSend' => fn (mixed $payload): bool => false,
], until: fn (string $seen): bool => str_contains($seen, ': heartbeat'));
echo $calls > 1 ? "pushed meanwhile\n" : "?\n";
--EXPECT--
retry=default : connected
#1 message 1
: heartbeat
: heartbeat
retry=default : connected
: heartbeat
pushed meanwhile
