--TEST--
redis://: a stream outlives a restart of the server, with its heartbeat, and loses nothing that Redis kept
--FILE--
<?php
require __DIR__ . '/sse.inc';
require __DIR__ . '/redis.inc';
store();
$server = startRedis();
Sse\configure(['dsn' => "redis://127.0.0.1:$server->port"]);
Sse\push('k', 'before');
$step = 0;
$loop = function () use ($server, &$step): void {
    switch (++$step) {
        case 2:
            Sse\push('k', 'kept');
            $server->stop();
            break;
        case 6:
            $server->start();
            break;
        case 9:
            until(function (): bool {
                try {
                    return Sse\push('k', 'after') !== '';
                } catch (Sse\StoreException) {
                    return false;
                }
            }, 'a push');
    }
};
ob_start();
stream('k', ['connected' => false, 'poll' => 0.5, 'heartbeat' => 1, 'onLoop' => $loop], until: fn (string $wire): bool => str_contains($wire, 'after'));
$frames = ob_get_clean();
echo str_contains(strstr($frames, 'kept', true), ': heartbeat') ? "heartbeats went on\n" : "no heartbeat\n";
echo str_replace(": heartbeat\n", '', $frames);
ob_start();
logged();
foreach (explode("\n", trim(ob_get_clean())) as $line) {
    echo preg_replace('/127.*(?=; the stream)/', '…', $line), "\n";
}
--EXPECT--
heartbeats went on
retry=default : connected
#1 message "before"
#2 message "kept"
#3 message "after"
log: sse: stream of key "k": cannot reach redis://…; the stream waits for it and goes on
log: sse: stream of key "k": the store answers again
