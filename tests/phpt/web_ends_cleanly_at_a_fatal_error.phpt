--TEST--
over HTTP: a fatal error in a closure ends the stream cleanly, without its text; what came before it is sent
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
Sse\push('k', 'before');
Sse\push('k', 'bad');
$server = new Server(<<<'PHP'
<?php
Sse\stream('k', ['lifetime' => 5, 'connected' => false, 'replay' => 'all', 'beforeSend' => fn (string $payload): mixed => $payload !== 'bad' ? $payload : match ($_GET['how']) {
    'memory' => str_repeat('x', 1 << 30),
    'error' => trigger_error('fatal', E_USER_ERROR),
    'exit' => exit('bye'),
    'time' => (function (): never {
        set_time_limit(1);
        while (true);
    })(),
}]);
PHP);
foreach (['memory', 'error', 'exit', 'time'] as $how) {
    array_map(unlink(...), glob(ini_get('sse.dir') . '/*.failed'));
    $server->answer("/?how=$how");
}
--EXPECT--
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
#1 message "before"
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
#1 message "before"
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
#1 message "before"
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
#1 message "before"
