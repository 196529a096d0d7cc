--TEST--
php -S without workers: a stream ends after a second, with a short retry, and the log says how to get workers
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
Sse\push('k', 'hello');
$server = new Server('<?php Sse\stream("k");', []);
$server->answer('/');
$server->logged();
--EXPECT--
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=500 #1 connected {"time": "H:i:s"}
#2 message "hello"
log: sse: php -S serves one request at a time, so this stream ends after a second and its client comes back; start it with PHP_CLI_SERVER_WORKERS=8 to keep streams open
