<?php
/**
 * Pushes what each line of standard input says, [key, data, event, options], and answers with the event's id, or with the error.
 */
declare(strict_types=1);

// Node.js makes it a socket, from which PHP reads for a minute at most.
stream_set_timeout(STDIN, 7 * 86_400);
while (($line = fgets(STDIN)) !== false) {
    [$key, $data, $event, $options] = json_decode($line, false, flags: JSON_THROW_ON_ERROR);
    try {
        $answer = ['id' => Sse\push($key, $data, $event, (array)$options)];
    } catch (Sse\Exception $exception) {
        $answer = ['error' => $exception->getMessage()];
    }
    echo json_encode($answer, JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR), "\n";
}
