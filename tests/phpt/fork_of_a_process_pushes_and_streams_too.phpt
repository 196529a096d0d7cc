--TEST--
a process and its child both push and stream, over one store
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push('k', 'before the fork');
stream('k', ['replay' => 'none']);
$pid = pcntl_fork();
for ($number = 0; $number < 500; $number++) {
    Sse\push('k', [$pid === 0 ? 'child' : 'parent', $number]);
}
if ($pid === 0) {
    ob_start();
    Sse\stream('k', ['follow' => false, 'replay' => 1]);
    exit(str_contains(ob_get_clean(), '["') ? 0 : 1);
}
pcntl_waitpid($pid, $status);
echo 'child: ', pcntl_wexitstatus($status), "\n";
$events = Sse\read('k', null, 2000);
foreach (['child', 'parent'] as $who) {
    $own = array_filter($events, fn (array $event): bool => $event['data'][0] === $who);
    echo $who, ': ', array_column(array_column($own, 'data'), 1) === range(0, 499) ? 'each once, in order' : 'mixed up', "\n";
}
stream('k', ['connected' => false, 'replay' => 0, 'poll' => 0.05, 'onLoop' => fn () => Sse\push('k', 'still woken')], until: 1);
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
CaughtUp
child: 0
child: each once, in order
parent: each once, in order
retry=default : connected
#2 message "still woken"
