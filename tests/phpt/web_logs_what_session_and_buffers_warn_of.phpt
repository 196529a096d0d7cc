--TEST--
over HTTP: what closing the session and the buffers warn of goes to the log
--EXTENSIONS--
session
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
Sse\push('k', 'hello');
$server = new Server(<<<'PHP'
<?php
final class Sessions extends SessionHandler
{
    public function open(string $path, string $name): bool
    {
        return true;
    }

    public function read(string $id): string
    {
        return '';
    }

    public function write(string $id, string $data): bool
    {
        return isset($_GET['throw']) ? throw new Exception('no session store') : trigger_error('the session store is slow', E_USER_WARNING);
    }

    public function close(): bool
    {
        return true;
    }
}
session_set_save_handler(new Sessions());
session_id('abc');
session_start();
ob_start(function (string $held): string {
    trigger_error('the buffer is gone', E_USER_WARNING);

    return $held;
});
try {
    Sse\stream('k', ['follow' => false]);
} catch (Exception $error) {
    echo 'answered: ', $error->getMessage();
}
PHP);
$server->answer('/');
$server->logged();
$server->answer('/?throw=1');
--EXPECT--
200 OK
Cache-Control: no-store, no-cache, must-revalidate
Content-type: text/event-stream;charset=UTF-8
X-Accel-Buffering: no
retry=default #1 connected {"time": "H:i:s"}
#2 message "hello"
log: PHP Warning:  the session store is slow in {temporary}/root/index.php on line 16
log: sse: 92 bytes printed before the stream began were dropped: \nWarning: the session store is slow in {temporary}/root/index.php on line 16\n
log: PHP Warning:  the buffer is gone in {temporary}/root/index.php on line 28
200 OK
Cache-Control: no-store, no-cache, must-revalidate
Content-type: text/html; charset=UTF-8
answered: no session store
