--TEST--
over HTTP: Sse\check() looks at the response, and leaves it as it is
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
$server = new Server(<<<'PHP'
<?php
ob_start();
session_start(['cache_limiter' => '']);
try {
    isset($_GET['status']) && http_response_code((int)$_GET['status']);
    isset($_GET['header']) && header($_GET['header'], false);
    Sse\check('k', $_GET['options'] ?? []);
    echo 'all is well, session ', session_status() === PHP_SESSION_ACTIVE ? 'open' : 'closed', ', buffers: ', ob_get_level();
} catch (Sse\Exception $error) {
    echo $error::class, ': ', $error->getMessage();
}
PHP);
$server->answer('/');
$server->answer('/', 'HEAD');
$server->answer('/?status=404');
$server->answer('/?header=Content-Type:+text/html');
$server->answer('/?header=X-Accel-Redirect:+/file');
$server->answer('/?options[heartbeat]=0');
$server->answer('/?options[handoff]=require');
--EXPECT--
200 OK
Content-type: text/html; charset=UTF-8
all is well, session open, buffers: 1
200 OK
Content-type: text/html; charset=UTF-8

404 Not Found
Content-type: text/html; charset=UTF-8
Sse\StreamException: Sse\check(): the response's status is 404, and EventSource gives up for good on any but 200; answer without a stream, or leave the status at 200
200 OK
Content-type: text/html;charset=UTF-8
Sse\StreamException: Sse\check(): the response's Content-Type is "text/html;charset=UTF-8", and EventSource takes only text/event-stream; remove that header or set it to text/event-stream
200 OK
Content-type: text/html; charset=UTF-8
Sse\StreamException: Sse\check(): the response has the header X-Accel-Redirect: /file, so the web server would answer with that and not with the stream; remove that header
200 OK
Content-type: text/html; charset=UTF-8
Sse\InvalidArgumentException: Sse\check(): option "heartbeat" is "0"; it takes seconds from 1 to 3600, fractions allowed
200 OK
Content-type: text/html; charset=UTF-8
Sse\StreamException: Sse\check(): the option "handoff" is "require", and the hub can't take this stream: only under PHP-FPM can a connection be handed over
