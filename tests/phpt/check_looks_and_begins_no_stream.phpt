--TEST--
Sse\check(): looks at what a stream would need, and begins none
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
ob_start();
$never = function (): never {
    throw new LogicException('a closure was called');
};
$options = [
    'eventName' => 'news', 'heartbeat' => 5, 'poll' => 1, 'fetch' => $never, 'beforeSend' => $never, 'onLoop' => $never,
    'lastEventId' => 'x', 'replay' => 'all', 'retry' => '1-2', 'lifetime' => 60, 'handoff' => 'never', 'connected' => false,
    'dsn' => "file://$directory",
];
Sse\push('k', 1);
var_dump(Sse\check('k'), Sse\check(['k', 'l'], $options));
$printed = ob_get_clean();
echo $printed;
// As after Sse\cursor(), what comes first to a key that was new is no gap.
Sse\push('l', 1);
stream(['k', 'l'], ['replay' => 'all', 'connected' => false]);
--EXPECT--
NULL
NULL
retry=default : connected
#1 message 1
#2 message 1
CaughtUp
