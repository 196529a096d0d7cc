--TEST--
Sse\stream(): onLoop runs also for a client that finds no place
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
    Sse\stream('k', ['lifetime' => PATIENCE, 'onLoop' => fn () => touch(temporary() . '/open')]);
    exit;
}
until(fn (): bool => is_file(temporary() . '/open'), 'the first stream');
$times = 0;
stream('k', ['retry' => 5, 'lifetime' => PATIENCE, 'onLoop' => function () use (&$times): void {
    $times++;
}]);
echo "$times\n";
posix_kill($pid, SIGKILL);
pcntl_waitpid($pid, $status);
--EXPECT--
retry=5 #1 connected {"time": "H:i:s"}
retry=3 to 15 s : no place is free; see sse.worker_streams
Full
1
