<?php
declare(strict_types=1);

header('Content-Type: application/json');
echo json_encode(Sse\status(), JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR);
