--TEST--
Sse\stream(): a signal's handler that throws ends it, the exception arrives
--EXTENSIONS--
pcntl
posix
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
pcntl_async_signals(true);
pcntl_signal(SIGTERM, fn () => throw new DomainException('told to stop'));
$parent = getmypid();
if (pcntl_fork() === 0) {
    $sleeps = fn (): bool => str_contains(file_get_contents("/proc/$parent/stat"), ') S ');
    until(function () use ($sleeps): bool {
        clearstatcache();

        return is_file(temporary() . '/open') && $sleeps();
    }, 'the stream');
    posix_kill($parent, SIGTERM);
    exit;
}
attempt(fn () => stream('k', ['heartbeat' => 3600, 'lifetime' => 0, 'poll' => 60, 'onLoop' => fn () => touch(temporary() . '/open')]));
pcntl_wait($status);
// All of it was given back: the next stream works.
Sse\push('k', 1);
stream('k');
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
DomainException: told to stop
retry=default #1 connected {"time": "H:i:s"}
#2 message 1
CaughtUp
