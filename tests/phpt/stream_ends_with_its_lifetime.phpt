--TEST--
Sse\stream(): a lifetime ends it cleanly after 80 to 100 %, 0 never
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$began = hrtime(true);
stream('k', ['lifetime' => 0.5]);
echo hrtime(true) - $began >= 400_000_000 ? "not too early\n" : "too early\n";
Sse\configure(['lifetime' => 0.02]);
echo Sse\stream('k', ['connected' => false, 'retry' => 5])->name, "\n";
$calls = 0;
stream('k', ['lifetime' => 0, 'connected' => false, 'poll' => 0.05, 'onLoop' => function () use (&$calls): void {
    ++$calls === 5 && Sse\push('k', 'still there');
}], until: 1);
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
Lifetime
not too early
retry: 5
: connected

Lifetime
retry=default : connected
#2 message "still there"
