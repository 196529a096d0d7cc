<?php
/**
 * A client that never gives up: it follows the site's stream from a cursor on, comes back with its own whenever it was cut
 * off, writes the data of each event as a line, and ends behind the one that is "last".
 *
 * usage: php -n client.php CURSOR FILE
 */
declare(strict_types=1);

[, $cursor, $file] = $argv;
$lines = fopen($file, 'w') ?: exit(1);

do {
    $last = follow($cursor, $lines);
    usleep(50_000);
} while (!$last);

/**
 * @param resource $lines
 * @return bool whether the last event has come
 */
function follow(string &$cursor, $lines): bool
{
    $connection = @stream_socket_client('unix:///run/site.sock');
    if (!$connection) {
        return false;
    }
    fwrite($connection, "GET /stream.php HTTP/1.0\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: $cursor\r\n\r\n");
    if (!str_contains((string)fgets($connection), ' 200 ')) {
        return false;
    }
    $data = $id = $event = null;
    while (($line = fgets($connection)) !== false && str_ends_with($line, "\n")) {
        $line = rtrim($line, "\r\n");
        if (str_starts_with($line, 'data: ')) {
            $data = substr($line, 6);
        } elseif (str_starts_with($line, 'id: ')) {
            $id = substr($line, 4);
        } elseif (str_starts_with($line, 'event: ')) {
            $event = substr($line, 7);
        } elseif ($line === '') {
            $cursor = $id ?? $cursor;
            if ($data !== null && $event !== 'connected') {
                fwrite($lines, "$data\n");
            }
            if ($data === '"last"') {
                return true;
            }
            $data = $id = $event = null;
        }
    }

    return false;
}
