<?php
/**
 * What serves the page, and the crowd that its button can bring.
 */
declare(strict_types=1);

header('Content-Type: application/json');
header('Cache-Control: no-store');
$crowd = dirname(__DIR__) . '/crowd';
$wanted = json_decode((string)@file_get_contents("$crowd/wanted"), true) ?? [];
echo json_encode(Sse\status() + [
    'crowds' => is_dir($crowd) ? $wanted['crowds'] ?? 0 : null,
    'closures' => $wanted['closures'] ?? false,
    'workers' => (int)@file_get_contents(dirname(__DIR__) . '/workers'),
]);
