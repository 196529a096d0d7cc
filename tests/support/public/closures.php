<?php
/**
 * A stream of ?key=… (or ?key[]=…) with closures, as an application's controller has it.
 *
 *   ?with[]=NAME    the closures: beforeSend, fetch, collect, onLoop
 *   ?options={JSON} other options
 *   ?who=NAME       what beforeSend signs events with; a session's own name comes first
 *   ?log=FILE       in the stack's directory: a line for each run of the script and of a closure
 *   ?session=1      in a session; without its "user" the answer is 403 once it had one
 *
 * Events do things to beforeSend by their "do": skip, throw, exit, fatal, sleep.
 */
declare(strict_types=1);

$note = function (string $line): void {
    if (isset($_GET['log'])) {
        file_put_contents($_GET['log'], "$line\n", FILE_APPEND);
    }
};
$note(Sse\recalling() ? 'recall' : 'request');
if (isset($_GET['session'])) {
    session_start();
    if (!isset($_SESSION['user'])) {
        http_response_code(403);
        exit('Log in');
    }
}
$who = $_SESSION['user'] ?? $_GET['who'] ?? 'anybody';
$closures = [
    'beforeSend' => function (array $payload) use ($note, $who): ?array {
        $note('beforeSend ' . json_encode($payload['n'] ?? null));
        match ($payload['do'] ?? '') {
            'throw' => throw new RuntimeException('by the event\'s wish'),
            'exit' => exit(1),
            'fatal' => ini_set('memory_limit', '2M') . str_repeat('x', 1 << 30),
            'sleep' => usleep(300_000),
            default => null,
        };

        return ($payload['do'] ?? '') === 'skip' ? null : ['who' => $who] + $payload;
    },
    'fetch' => function (mixed $reference) use ($note): array {
        $note('fetch ' . json_encode($reference));

        return [['n' => $reference]];
    },
    'collect' => function (string $key) use ($note): void {
        $note("collect $key");
    },
    'onLoop' => function () use ($note, $who): void {
        $note("onLoop $who");
    },
];
$options = json_decode($_GET['options'] ?? '{}', true, flags: JSON_THROW_ON_ERROR);

$end = Sse\stream($_GET['key'], $options + array_intersect_key($closures, array_flip($_GET['with'] ?? [])));
$note($end->value);
