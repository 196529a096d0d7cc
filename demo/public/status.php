<?php
/**
 * What serves the page, and the crowd that its button can bring.
 */
declare(strict_types=1);

header('Content-Type: application/json');
header('Cache-Control: no-store');
$crowd = dirname(__DIR__) . '/crowd';
echo json_encode(Sse\status() + [
    'crowds' => is_dir($crowd) ? (int)@file_get_contents("$crowd/wanted") : null,
    'workers' => (int)@file_get_contents(dirname(__DIR__) . '/workers'),
]);
