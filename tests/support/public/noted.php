<?php
/**
 * A stream like that of stream.php, with a note of what came of it: pushed under ?note=…, if that is there
 *
 *   ?closure=NAME   the option that gets a closure: beforeSend, onLoop or fetch
 *   ?buffer=1       an output buffer that can't be ended
 *   ?after=WHAT     what the script does after Sse\stream(): echo, warning or megabyte
 */
declare(strict_types=1);

$closures = [
    'beforeSend' => fn(mixed $payload): mixed => $payload,
    'onLoop' => function (): void {
    },
    'fetch' => fn(mixed $reference): array => [$reference],
];
$options = json_decode($_GET['options'] ?? '{}', true, flags: JSON_THROW_ON_ERROR);
$options += array_intersect_key($closures, [$_GET['closure'] ?? '' => true]);
if (isset($_GET['buffer'])) {
    ob_start(null, 0, PHP_OUTPUT_HANDLER_STDFLAGS ^ PHP_OUTPUT_HANDLER_REMOVABLE);
}

try {
    $end = Sse\stream($_GET['key'], $options);
} catch (Sse\StreamException $exception) {
    http_response_code(500);
    Sse\push($_GET['note'], ['error' => $exception->getMessage()]);
    exit;
}

// Where the worker streams, a client that left ends the script at its next flush().
for ($round = 0; $round < 3 && $end !== Sse\StreamEnd::ClientLeft; $round++) {
    match ($_GET['after'] ?? '') {
        'echo' => print("after\n"),
        'warning' => trigger_error('after', E_USER_WARNING),
        'megabyte' => print(str_repeat("after\n", 200_000)),
        '' => null,
    };
    flush();
}
if (isset($_GET['note'])) {
    Sse\push($_GET['note'], ['end' => $end->value, 'status' => connection_status()]);
}
