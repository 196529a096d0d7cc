--TEST--
redis://: a process and its children push and stream; no connection crosses the fork
--FILE--
<?php
require __DIR__ . '/sse.inc';
require __DIR__ . '/redis.inc';
store();
$server = startRedis();
Sse\configure(['dsn' => "redis+unix://$server->socket", 'retention_events' => 100_000]);
Sse\push('k', 'before the fork');
stream('k', ['replay' => 'none', 'connected' => false]);
$children = [];
foreach (range(1, 4) as $number) {
    $children[] = $pid = pcntl_fork();
    if ($pid === 0) {
        foreach (range(1, 300) as $event) {
            Sse\push('k', [$number, $event]);
        }
        ob_start();
        Sse\stream('k', ['follow' => false, 'replay' => 1]);
        exit(str_contains(ob_get_clean(), 'data: [') ? 0 : 1);
    }
    Sse\push('k', [0, $number]);
}
foreach ($children as $pid) {
    pcntl_waitpid($pid, $status);
    echo 'child: ', pcntl_wexitstatus($status), "\n";
}
$events = array_column(Sse\read('k', null, 5_000), 'data');
foreach (range(1, 4) as $number) {
    $mine = array_column(array_filter($events, fn ($data) => is_array($data) && $data[0] === $number), 1);
    echo $mine === range(1, 300) ? 'each once, in order' : 'mixed up', "\n";
}
stream('k', ['connected' => false, 'replay' => 0, 'poll' => 0.05, 'onLoop' => fn () => Sse\push('k', 'still woken')], until: 1);
--EXPECT--
retry=default : connected
CaughtUp
child: 0
child: 0
child: 0
child: 0
each once, in order
each once, in order
each once, in order
each once, in order
retry=default : connected
#1 message "still woken"
