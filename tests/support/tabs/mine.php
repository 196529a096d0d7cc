<?php
/**
 * The stream of whoever the cookie says is logged in.
 */
declare(strict_types=1);

Sse\stream("user {$_COOKIE['user']}");
