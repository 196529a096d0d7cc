<?php
/**
 * Pushes what the form sends.
 *
 * It takes JSON only: another site's page cannot send that here without being asked by the browser first.
 */
declare(strict_types=1);

const MOST_AT_ONCE = 100;
const LONGEST_MESSAGE = 1000;
/** Keys that the form may push to, with the name of their events: on the wire an event has a name, and no key. */
const EVENT_NAMES = ['demo' => null, 'news' => 'news'];

header('Content-Type: application/json');
$isJson = str_starts_with($_SERVER['CONTENT_TYPE'] ?? '', 'application/json');
$input = $isJson ? json_decode((string)file_get_contents('php://input'), true) : null;
$key = $input['key'] ?? null;
$message = $input['message'] ?? null;
$count = $input['count'] ?? 1;

$isGood = is_string($key) && array_key_exists($key, EVENT_NAMES)
    && is_string($message) && $message !== '' && strlen($message) <= LONGEST_MESSAGE
    && is_int($count) && $count >= 1 && $count <= MOST_AT_ONCE;
if (!$isGood) {
    http_response_code(400);
    echo json_encode(['error' => 'Send {"key": "demo" or "news", "message": up to 1000 bytes, "count": 1 to 100} as JSON.']);
    exit;
}

$id = '';
$started = hrtime(true);
for ($number = 1; $number <= $count; $number++) {
    $text = $count === 1 ? $message : "$message ($number of $count)";
    $id = Sse\push($key, ['message' => $text, 'at' => microtime(true)], EVENT_NAMES[$key]);
}
$micros = (hrtime(true) - $started) / 1e3;
echo json_encode(['id' => $id, 'microsEach' => round($micros / $count)]);
