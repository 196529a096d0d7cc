--TEST--
Sse\stream(): each signal of sse.signal wakes it
--EXTENSIONS--
pcntl
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['auto', 'inotify', 'notify', 'poll'] as $signal) {
    Sse\configure(['signal' => $signal]);
    if (pcntl_fork() === 0) {
        until(fn (): bool => is_file(temporary() . "/$signal"), 'the stream');
        Sse\push($signal, "to $signal");
        exit;
    }
    // Called once: what comes later comes by the signal.
    stream($signal, ['connected' => false, 'poll' => 60, 'onLoop' => fn () => touch(temporary() . "/$signal")], until: 1);
    pcntl_wait($status);
}
--EXPECT--
retry=default : connected
#1 message "to auto"
retry=default : connected
#2 message "to inotify"
retry=default : connected
#3 message "to notify"
retry=default : connected
#4 message "to poll"
