--TEST--
over HTTP: the time limit doesn't count while a stream waits, and holds again after it
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
$server = new Server(<<<'PHP'
<?php
set_time_limit(1);
$calls = 0;
Sse\stream('k', ['connected' => false, 'retry' => 5, 'lifetime' => 20, 'poll' => 0.05, 'onLoop' => function () use (&$calls): void {
    // Busy for more than the limit.
    $from = getrusage();
    do {
        $used = getrusage();
    } while ($used['ru_utime.tv_sec'] * 1e6 + $used['ru_utime.tv_usec'] + $used['ru_stime.tv_sec'] * 1e6 + $used['ru_stime.tv_usec']
        - $from['ru_utime.tv_sec'] * 1e6 - $from['ru_utime.tv_usec'] - $from['ru_stime.tv_sec'] * 1e6 - $from['ru_stime.tv_usec'] < 600_000);
    ++$calls === 3 && Sse\push('k', 'after more than the limit');
    $calls === 4 && exit;
}]);
PHP);
$server->answer('/');
--EXPECT--
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=5 : connected
#1 message "after more than the limit"
