<?php
/**
 * PHP's clock, for the page to tell whether its browser runs on the same machine.
 */
declare(strict_types=1);

header('Content-Type: application/json');
header('Cache-Control: no-store');
echo json_encode(microtime(true));
