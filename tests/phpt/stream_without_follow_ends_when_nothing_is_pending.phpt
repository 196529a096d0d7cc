--TEST--
Sse\stream(): with follow false it ends when nothing is pending, after one onLoop and what that has brought
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach ([1, 2, 3] as $number) {
    Sse\push('k', $number);
}
$loops = 0;
$wire = stream('k', [
    'follow' => false,
    'lifetime' => PATIENCE,
    'replay' => 'all',
    'poll' => 0.05,
    'beforeSend' => fn (int $number): int => $number === 2 ? 0 : $number,
    'onLoop' => function () use (&$loops): void {
        $loops++;
        Sse\push('k', 10 * $loops);
    },
]);
echo "$loops\n";
stream('k', ['follow' => false, 'lifetime' => PATIENCE, 'lastEventId' => lastId($wire), 'connected' => false]);
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message 1
#3 message 3
#4 message 10
CaughtUp
1
retry=default : connected
CaughtUp
