--TEST--
Sse\stream(): a client that finds no place gets what onLoop pushes, before it is told to come back
--EXTENSIONS--
pcntl
posix
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\configure(['worker_streams' => 1]);
$pid = pcntl_fork();
if ($pid === 0) {
    ob_start();
    Sse\stream('other', ['lifetime' => PATIENCE, 'onLoop' => fn () => touch(temporary() . '/open')]);
    exit;
}
until(fn (): bool => is_file(temporary() . '/open'), 'the first stream');
stream('k', ['retry' => 5, 'lifetime' => PATIENCE, 'onLoop' => fn () => Sse\push('k', 'brought')]);
posix_kill($pid, SIGKILL);
pcntl_waitpid($pid, $status);
--EXPECT--
retry=5 #1 connected {"time": "H:i:s"}
#2 message "brought"
retry=3 to 15 s : no place is free; see sse.worker_streams
Full
