--TEST--
over HTTP: headers of the application's, or of PHP's own, that aren't true of a stream are set right
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
$server = new Server(<<<'PHP'
<?php
foreach ($_GET['ini'] ?? [] as $name => $value) {
    ini_set($name, $value);
}
$add = function (): void {
    foreach ($_GET['headers'] ?? [] as $header) {
        header($header);
    }
};
match ($_GET['how'] ?? '') {
    'callback' => header_register_callback($add),
    'buffer' => ob_start(function (string $text) use ($add): string {
        $add();
        return $text;
    }),
    'session' => session_cache_limiter($_GET['limiter']) && session_save_path(__DIR__) && session_start(),
    '' => $add(),
};
Sse\stream('k', ['follow' => false, 'connected' => false]);
PHP);
$ini = '/?ini[default_charset]=ISO-8859-1';
$untrue = '&headers[]=Content-Length:+5&headers[]=Content-Encoding:+gzip&headers[]=Transfer-Encoding:+chunked&headers[]=Content-Range:+bytes+0-4/5';
$server->answer($ini);
$server->answer("$ini&headers[]=Content-Type:+text/event-stream");
$server->answer("/?x=1$untrue&headers[]=Cache-Control:+public,+max-age=60");
$server->answer("$ini&how=callback$untrue&headers[]=Content-Type:+text/event-stream");
$server->answer("$ini&how=buffer$untrue");
$server->answer('/?how=session&limiter=public');
$server->answer('/?how=session&limiter=nocache');
--EXPECT--
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
200 OK
Cache-Control: no-store, no-cache, must-revalidate
Content-type: text/event-stream;charset=UTF-8
X-Accel-Buffering: no
retry=default : connected
