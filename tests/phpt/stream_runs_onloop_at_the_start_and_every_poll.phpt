--TEST--
Sse\stream(): onLoop runs once at the start and then every poll, events or not
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$calls = [];
stream('k', ['poll' => 0.05, 'onLoop' => function () use (&$calls): void {
    $calls[] = hrtime(true);
    count($calls) === 1 && Sse\push('k', 'first call');
    count($calls) === 4 && Sse\push('k', 'fourth call');
}], until: 3);
$pauses = array_map(fn (int $from, int $to): int => $to - $from, array_slice($calls, 0, -1), array_slice($calls, 1));
echo count($calls), ' calls, ', min($pauses) >= 50_000_000 ? "never closer than poll\n" : "too close\n";
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "first call"
#3 message "fourth call"
4 calls, never closer than poll
