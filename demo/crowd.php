<?php
/**
 * Holds streams open, as so many browsers would, until it is ended: reads what comes, and comes back when one ends.
 *
 * usage: php crowd.php http://127.0.0.1:PORT/events.php [COUNT]
 */
declare(strict_types=1);

/** PHP's stream_select() takes no descriptor from 1024 on. */
const MOST = 1000;
/** So that the web server's queue for new connections holds them. */
const AT_ONCE = 100;

$url = parse_url($argv[1]);
$count = min((int)($argv[2] ?? MOST), MOST);
$path = $url['path'] . (isset($url['query']) ? "?{$url['query']}" : '');
$request = "GET $path HTTP/1.1\r\nHost: {$url['host']}:{$url['port']}\r\nAccept: text/event-stream\r\n\r\n";
$sockets = [];

while (true) {
    for ($number = 0; $number < AT_ONCE && count($sockets) < $count; $number++) {
        $socket = @stream_socket_client("tcp://{$url['host']}:{$url['port']}", timeout: 5);
        if (!$socket) {
            break;
        }
        fwrite($socket, $request);
        stream_set_blocking($socket, false);
        $sockets[] = $socket;
    }
    $ready = $sockets;
    $none = null;
    if (!$ready || stream_select($ready, $none, $none, 0, 200_000) === 0) {
        usleep(count($sockets) < $count ? 200_000 : 0);
        continue;
    }
    foreach ($ready as $index => $socket) {
        // An empty read of what is ready is its end.
        if ((string)fread($socket, 65_536) === '') {
            fclose($socket);
            unset($sockets[$index]);
        }
    }
}
