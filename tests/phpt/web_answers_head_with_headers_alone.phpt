--TEST--
over HTTP: HEAD gets headers alone
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
Sse\push('k', 'hello');
$server = new Server('<?php echo Sse\stream("k", ["follow" => false])->name; error_log("sse: " . Sse\stream("k")->name);');
$server->answer('/', 'HEAD');
$server->logged();
--EXPECT--
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
log: sse: Head
