<?php
/**
 * Says what arrived of the request's body: its length and hash.
 */
declare(strict_types=1);

$body = (string)file_get_contents('php://input');
echo strlen($body), ' ', sha1($body);
