<?php
/**
 * The data of what is kept of ?key=…
 */
declare(strict_types=1);

header('Content-Type: application/json');
echo json_encode(array_column(Sse\read($_GET['key']), 'data'));
