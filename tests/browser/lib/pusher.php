<?php
/**
 * Pushes what each line of standard input says, [key, data, event], and answers with the event's id.
 */
declare(strict_types=1);

while (($line = fgets(STDIN)) !== false) {
    [$key, $data, $event] = json_decode($line, false, flags: JSON_THROW_ON_ERROR);
    echo json_encode(Sse\push($key, $data, $event)), "\n";
}
