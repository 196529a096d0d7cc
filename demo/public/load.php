<?php
/**
 * Says how many crowds of 1,000 streams there should be, and whether with closures; the demo's launcher starts and stops
 * them.
 *
 * It takes JSON only, as push.php does.
 */
declare(strict_types=1);

const MOST = 5;

header('Content-Type: application/json');
header('Cache-Control: no-store');
$file = dirname(__DIR__) . '/crowd/wanted';
$isJson = str_starts_with($_SERVER['CONTENT_TYPE'] ?? '', 'application/json');
$input = $isJson ? json_decode((string)file_get_contents('php://input'), true) : null;
$crowds = $input['crowds'] ?? null;
$closures = $input['closures'] ?? false;

if (!is_int($crowds) || $crowds < 0 || $crowds > MOST || !is_bool($closures)) {
    http_response_code(400);
    echo json_encode(['error' => 'Send {"crowds": 0 to ' . MOST . ', "closures": true or false} as JSON.']);
    exit;
}
if (Sse\status()['tier'] !== 'hub') {
    http_response_code(409);
    echo json_encode(['error' => 'There is no hub; each stream would take a worker.']);
    exit;
}
file_put_contents($file, json_encode(compact('crowds', 'closures')), LOCK_EX);
echo json_encode(compact('crowds', 'closures'));
