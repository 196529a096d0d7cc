--TEST--
over HTTP: the headers of a stream, added where the application has none of its own
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
Sse\push('k', 'hello');
$server = new Server(<<<'PHP'
<?php
foreach ($_GET['headers'] ?? [] as $header) {
    header($header);
}
header('X-Powered-By-Us: kept');
Sse\stream('k', ['follow' => false]);
echo 'not sent';
PHP);
$server->answer('/');
$server->answer('/?headers[]=Cache-Control:+private&headers[]=Content-Type:+text/event-stream;+charset=utf-8&headers[]=X-Accel-Buffering:+yes');
$server->logged();
--EXPECT--
200 OK
X-Powered-By-Us: kept
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default #1 connected {"time": "H:i:s"}
#2 message "hello"
200 OK
Cache-Control: private
Content-Type: text/event-stream; charset=utf-8
X-Powered-By-Us: kept
X-Accel-Buffering: no
retry=default #1 connected {"time": "H:i:s"}
#2 message "hello"
