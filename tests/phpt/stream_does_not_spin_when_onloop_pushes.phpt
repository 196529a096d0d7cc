--TEST--
Sse\stream(): onLoop that pushes to its own key does not spin
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$calls = 0;
ob_start();
Sse\stream('k', ['lifetime' => 0.5, 'poll' => 0.1, 'onLoop' => function () use (&$calls): void {
    Sse\push('k', ++$calls);
}]);
preg_match_all('/^data: (\d+)$/m', ob_get_clean(), $data);
echo $calls <= 6 ? "no more calls than polls\n" : "$calls calls\n";
echo array_map(intval(...), $data[1]) === range(1, count($data[1])) && count($data[1]) >= $calls - 1 ? "all sent\n" : "?\n";
--EXPECT--
no more calls than polls
all sent
