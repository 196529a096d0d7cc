--TEST--
over HTTP: headers that were sent already will do, and a buffer that can't be ended is written past
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
Sse\push('k', 'hello');
$server = new Server(<<<'PHP'
<?php
if (isset($_GET['sent'])) {
    header('Content-Type: text/event-stream');
    echo ": sent before\n\n";
    flush();
}
if (isset($_GET['buffer'])) {
    ob_start(null, 0, PHP_OUTPUT_HANDLER_STDFLAGS ^ PHP_OUTPUT_HANDLER_REMOVABLE);
    echo 'held';
}
Sse\stream('k', ['follow' => false]);
echo 'not sent';
PHP);
$server->answer('/?sent=1');
$server->answer('/?buffer=1');
$server->logged();
--EXPECT--
200 OK
Content-type: text/event-stream;charset=UTF-8
: sent before
retry=default #1 connected {"time": "H:i:s"}
#2 message "hello"
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default #1 connected {"time": "H:i:s"}
#2 message "hello"
