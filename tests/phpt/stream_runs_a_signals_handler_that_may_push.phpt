--TEST--
Sse\stream(): a signal's handler runs while it waits, and may push
--EXTENSIONS--
pcntl
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
pcntl_async_signals(true);
pcntl_signal(SIGALRM, function (): void {
    Sse\push('k', 'from the handler');
});
pcntl_alarm(1);
stream('k', ['connected' => false, 'heartbeat' => 3600], until: 1);
echo "\n";
// Without pcntl_async_signals it runs when the script lets it.
pcntl_async_signals(false);
pcntl_signal(SIGALRM, function (): void {
    echo "late\n";
});
pcntl_alarm(1);
stream('k', ['connected' => false, 'replay' => 'none', 'lifetime' => 1.5]);
pcntl_signal_dispatch();
--EXPECT--
retry=default : connected
#1 message "from the handler"

retry=default : connected
Lifetime
late
