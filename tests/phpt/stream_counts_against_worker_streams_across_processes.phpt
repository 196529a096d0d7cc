--TEST--
Sse\stream(): sse.worker_streams bounds the streams of a store, across processes
--EXTENSIONS--
pcntl
posix
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\configure(['worker_streams' => 1]);
Sse\push('k', 'pending');
$pid = pcntl_fork();
if ($pid === 0) {
    ob_start();
    Sse\stream('k', ['lifetime' => PATIENCE, 'onLoop' => fn () => touch(temporary() . '/open')]);
    exit;
}
until(fn (): bool => is_file(temporary() . '/open'), 'the first stream');
stream('k', ['retry' => 5, 'lifetime' => PATIENCE]);
posix_kill($pid, SIGKILL);
pcntl_waitpid($pid, $status);
stream('k', ['retry' => 5, 'lifetime' => 0.5]);
--EXPECT--
retry=5 #1 connected {"time": "H:i:s"}
#2 message "pending"
retry=3 to 15 s : no place is free; see sse.worker_streams
Full
retry=5 #1 connected {"time": "H:i:s"}
#2 message "pending"
Lifetime
