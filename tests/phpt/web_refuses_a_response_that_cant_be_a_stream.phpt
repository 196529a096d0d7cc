--TEST--
over HTTP: a response that can't become a stream is an exception before any byte
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
$server = new Server(<<<'PHP'
<?php
try {
    isset($_GET['status']) && http_response_code((int)$_GET['status']);
    isset($_GET['type']) && header("Content-Type: $_GET[type]");
    isset($_GET['header']) && header($_GET['header'], false);
    if (isset($_GET['echo'])) {
        echo $_GET['echo'];
        flush();
    }
    Sse\stream('k', ['follow' => false] + ($_GET['options'] ?? []));
} catch (Sse\Exception $error) {
    headers_sent() || header('Content-Type: text/plain');
    echo $error::class, ': ', $error->getMessage();
}
PHP);
$server->answer('/?status=404');
$server->answer('/?status=204');
$server->answer('/?type=text/html');
$server->answer('/?type=text/event-streaming');
$server->answer('/?type=text/event-stream&header=Content-Type:+text/plain');
$server->answer('/?header=Status:+503+Later');
$server->answer('/?header=X-Accel-Redirect:+/file');
$server->answer('/?echo=sent+');
$server->answer('/?echo=');
$server->answer('/?echo=:+sent%0a%0a&type=text/event-stream;+charset=latin1');
$server->answer('/?echo=:+sent%0a%0a&type=text/event-stream&header=Content-Length:+5');
$server->answer('/?options[heartbeat]=0');
--EXPECT--
404 Not Found
Content-type: text/plain;charset=UTF-8
Sse\StreamException: Sse\stream(): the response's status is 404, and EventSource gives up for good on any but 200; answer without a stream, or leave the status at 200
204 No Content
Content-type: text/plain;charset=UTF-8
Sse\StreamException: Sse\stream(): the response's status is 204, and EventSource gives up for good on any but 200; answer without a stream, or leave the status at 200
200 OK
Content-type: text/plain;charset=UTF-8
Sse\StreamException: Sse\stream(): the response's Content-Type is "text/html;charset=UTF-8", and EventSource takes only text/event-stream; remove that header or set it to text/event-stream
200 OK
Content-type: text/plain;charset=UTF-8
Sse\StreamException: Sse\stream(): the response's Content-Type is "text/event-streaming;charset=UTF-8", and EventSource takes only text/event-stream; remove that header or set it to text/event-stream
200 OK
Content-type: text/plain;charset=UTF-8
Sse\StreamException: Sse\stream(): the response's Content-Type is "text/plain;charset=UTF-8", and EventSource takes only text/event-stream; remove that header or set it to text/event-stream
200 OK
Content-type: text/plain;charset=UTF-8
Sse\StreamException: Sse\stream(): the response's status is 503, and EventSource gives up for good on any but 200; answer without a stream, or leave the status at 200
200 OK
Content-type: text/plain;charset=UTF-8
Sse\StreamException: Sse\stream(): the response has the header X-Accel-Redirect: /file, so the web server would answer with that and not with the stream; remove that header
200 OK
Content-type: text/html; charset=UTF-8
sent Sse\StreamException: Sse\stream(): output began in {temporary}/root/index.php on line 7, so the headers were sent before the stream began, without Content-Type: text/event-stream; send no output before Sse\stream()
200 OK
Content-type: text/html; charset=UTF-8
Sse\StreamException: Sse\stream(): the response has begun, without output (flush() does that), so the headers were sent before the stream began, without Content-Type: text/event-stream; send no output before Sse\stream()
200 OK
Content-Type: text/event-stream; charset=latin1
: sent
cut: Sse\StreamException: Sse\stream(): output began in {temporary}/root/index.php on line 7, so the headers were sent before the stream began, with Content-Type: text/event-stream; charset=latin1, and EventSource takes only UTF-8; send no output before Sse\stream()
200 OK
Content-type: text/event-stream;charset=UTF-8
Content-Length: 5
: sent
cut: Sse\StreamException: Sse\stream(): output began in {temporary}/root/index.php on line 7, so the headers were sent before the stream began, with Content-Length: 5, which no stream can have; send no output before Sse\stream()
200 OK
Content-type: text/plain;charset=UTF-8
Sse\InvalidArgumentException: Sse\stream(): option "heartbeat" is "0"; it takes seconds from 1 to 3600, fractions allowed
