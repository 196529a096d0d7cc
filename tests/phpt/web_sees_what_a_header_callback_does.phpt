--TEST--
over HTTP: what a header callback does to the response is seen before the first byte
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
Sse\push('k', 'hello');
$server = new Server(<<<'PHP'
<?php
$caught = '';
header_register_callback(fn () => match ($_GET['how']) {
    'status' => http_response_code(503),
    'type' => header('Content-Type: text/html'),
    'throw' => throw new Exception('thrown'),
    'nested' => Sse\stream('k', ['follow' => false]),
    'caught' => (function (): void {
        try {
            Sse\stream('k', ['follow' => false]);
        } catch (Sse\StreamException $error) {
            error_log("sse: caught {$error->getMessage()}");
        }
    })(),
});
try {
    Sse\stream('k', ['follow' => false]);
} catch (Exception $error) {
    header('Content-Type: text/plain');
    echo $error::class, ': ', $error->getMessage();
}
PHP);
foreach (['status', 'type', 'throw', 'nested', 'caught'] as $how) {
    $server->answer("/?how=$how");
    $server->logged();
}
--EXPECT--
503 Service Unavailable
Content-type: text/plain;charset=UTF-8
Sse\StreamException: Sse\stream(): the response's status is 503, and EventSource gives up for good on any but 200; answer without a stream, or leave the status at 200
200 OK
Content-type: text/plain;charset=UTF-8
Sse\StreamException: Sse\stream(): the response's Content-Type is "text/html;charset=UTF-8", and EventSource takes only text/event-stream; remove that header or set it to text/event-stream
200 OK
Content-type: text/plain;charset=UTF-8
Exception: thrown
200 OK
Content-type: text/plain;charset=UTF-8
Sse\StreamException: Sse\stream(): a stream is open in this request already, and its closures can't open another; give one stream several keys instead
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default #1 connected {"time": "H:i:s"}
#2 message "hello"
log: sse: caught Sse\stream(): a stream is open in this request already, and its closures can't open another; give one stream several keys instead
