--TEST--
over HTTP: the session is closed while a stream runs, so that others of this user go on
--EXTENSIONS--
session
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
$sessions = temporary() . '/sessions';
mkdir($sessions);
$server = new Server(<<<PHP
<?php
session_save_path('$sessions');
session_id('abc');
session_start();
\$_SESSION['kept'] = true;
Sse\stream('k', ['follow' => false, 'onLoop' => function (): void {
    // Another process gets the session's lock.
    \$file = fopen('$sessions/sess_abc', 'r');
    error_log('sse: status ' . session_status() . ', locked: ' . var_export(!flock(\$file, LOCK_EX | LOCK_NB), true) . ', ' . stream_get_contents(\$file));
}]);
PHP);
$server->answer('/');
$server->logged();
--EXPECT--
200 OK
Cache-Control: no-store, no-cache, must-revalidate
Content-type: text/event-stream;charset=UTF-8
X-Accel-Buffering: no
retry=default #1 connected {"time": "H:i:s"}
log: sse: status 1, locked: false, kept|b:1;
