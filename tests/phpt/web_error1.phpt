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
    isset($_GET['echo']) && print("sent\n") && flush();
    Sse\stream('k', ['lifetime' => 0.02] + ($_GET['options'] ?? []));
} catch (Sse\Exception $error) {
    headers_sent() || header('Content-Type: text/plain');
    echo $error::class, ': ', $error->getMessage();
}
PHP);
$server->answer('/?status=404');
$server->answer('/?status=204');
$server->answer('/?type=text/html');
$server->answer('/?type=text/event-streaming');
$server->answer('/?echo=1');
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
Content-type: text/html; charset=UTF-8
Sse\StreamException: Sse\stream(): the response's Content-Type is "text/html; charset=UTF-8", and EventSource takes only text/event-stream; remove that header or set it to text/event-stream
200 OK
Content-type: text/plain;charset=UTF-8
Sse\InvalidArgumentException: Sse\stream(): option "heartbeat" is "0"; it takes seconds from 1 to 3600, fractions allowed
