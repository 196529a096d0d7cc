<?php
/**
 * Pushes the request's body, [key, data, event], and answers with the event's id, or with the error and 503.
 */
declare(strict_types=1);

header('Content-Type: application/json');
[$key, $data, $event] = json_decode((string)file_get_contents('php://input'), false, flags: JSON_THROW_ON_ERROR);
try {
    $answer = ['id' => Sse\push($key, $data, $event)];
} catch (Sse\Exception $exception) {
    http_response_code(503);
    $answer = ['error' => $exception->getMessage()];
}
echo json_encode($answer, JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR);
