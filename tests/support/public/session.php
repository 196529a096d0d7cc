<?php
/**
 * A stream of ?key=… in a session; without a key a plain page in the same session.
 */
declare(strict_types=1);

session_start();
if (isset($_GET['key'])) {
    Sse\stream($_GET['key']);
} else {
    echo 'pong';
}
