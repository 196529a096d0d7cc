--TEST--
over HTTP: what was printed before, meanwhile and after never reaches the stream
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
Sse\push('k', 'hello');
$server = new Server(<<<'PHP'
<?php
ini_set('zlib.output_compression', '1');
ob_start();
echo 'held in a buffer';
ob_start(fn (string $held): string => strtoupper($held));
echo 'twice';
$end = Sse\stream('k', ['follow' => false, 'onLoop' => function (): void {
    echo 'printed';
    while (ob_get_level() > 0) {
        ob_end_flush();
    }
    echo 'past all buffers';
    flush();
}]);
echo 'printed after the stream';
trigger_error('a warning', E_USER_WARNING);
error_log("sse: it ended by $end->name");
throw new Exception('uncaught');
PHP);
$server->answer('/', 'GET', 'Accept-Encoding: gzip');
$server->logged();
--EXPECT--
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default #1 connected {"time": "H:i:s"}
#2 message "hello"
log: sse: 5 bytes printed before the stream began were dropped: twice
log: sse: 16 bytes printed before the stream began were dropped: held in a buffer
log: PHP Warning:  a warning in {temporary}/root/index.php on line 16
log: sse: it ended by CaughtUp
log: PHP Fatal error:  Uncaught Exception: uncaught in {temporary}/root/index.php:18
