<?php
/**
 * A stream of ?key=… (or ?key[]=…&key[]=…) with the options of ?options={JSON}.
 *
 *   ?body=BYTES   reads so many bytes of the request's body first
 */
declare(strict_types=1);

if (isset($_GET['body'])) {
    $body = fopen('php://input', 'r');
    stream_set_read_buffer($body, 0);
    fread($body, (int)$_GET['body']);
}

Sse\stream($_GET['key'], json_decode($_GET['options'] ?? '{}', true, flags: JSON_THROW_ON_ERROR));
