<?php
/**
 * ?user=NAME logs in, ?user= logs out; ?sleep=SECONDS holds the session for so long, from the note under ?note=KEY on.
 */
declare(strict_types=1);

session_start();
if (isset($_GET['user'])) {
    $_SESSION['user'] = $_GET['user'] === '' ? null : $_GET['user'];
}
if (isset($_GET['note'])) {
    Sse\push($_GET['note'], []);
}
usleep((int)(1e6 * (float)($_GET['sleep'] ?? 0)));
echo session_id();
