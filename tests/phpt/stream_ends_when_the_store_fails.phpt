--TEST--
Sse\stream(): when the store fails it ends, and the log says why
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
Sse\push('k', 1);
stream('k', ['poll' => 0.05, 'lifetime' => PATIENCE, 'onLoop' => function () use ($directory): void {
    static $calls = 0;
    if (++$calls === 2) {
        Sse\Support\removeTree($directory);
    }
}]);
ob_start();
logged();
echo preg_replace('/-o \S+ -g \S+/', '-o USER -g GROUP', ob_get_clean());
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message 1
Failed
log: sse: stream of key "k": the store's directory {temporary}/store does not exist; create it: sudo install -d -m 2770 -o USER -g GROUP {temporary}/store; the stream ends, its client will resume
