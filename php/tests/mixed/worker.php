<?php
declare(strict_types=1);

/*
 * One process of the mixed test, with the extension or without it: `push NAME COUNT NOTES` pushes [NAME, 1], [NAME, 2], …
 * to the key and notes each id that it was answered; `read NOTES` streams the key and notes the frames, on from the last.
 */

if (!extension_loaded('sse')) {
    require_once dirname(__DIR__, 2) . '/bootstrap.php';
}

[, $directory, $retention, $role] = $argv;
Sse\configure(['dir' => $directory, 'retention_events' => $retention, 'retention_bytes' => '1G', 'lifetime' => 0]);

if ($role === 'push') {
    [$name, $count] = [$argv[4], (int)$argv[5]];
    $notes = fopen($argv[6], 'a');
    for ($number = 1; $number <= $count; $number++) {
        $id = Sse\push('k', [$name, $number]);
        fwrite($notes, "$id $number\n");
        // Not always as fast as can be: some pushes are to find a log that others have written to.
        $number % 64 === 0 && usleep(mt_rand(0, 2_000));
    }
} else {
    $known = is_file($argv[4]) ? (string)file_get_contents($argv[4]) : '';
    // A frame that was cut short is no frame.
    $end = strrpos($known, "\n\n");
    $known = $end === false ? '' : substr($known, 0, $end + 2);
    file_put_contents($argv[4], $known);
    preg_match_all('/^id: (.*)$/m', $known, $ids);
    $notes = fopen($argv[4], 'a');
    ob_start(static function (string $bytes) use ($notes): string {
        fwrite($notes, $bytes);

        return '';
    }, 1);
    Sse\stream('k', ['replay' => 'all', 'lastEventId' => array_pop($ids[1]) ?? '', 'connected' => false]);
}
