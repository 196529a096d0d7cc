<?php
declare(strict_types=1);

/*
 * One process of the mixed test, with the extension or without it: `push NAME COUNT NOTES` pushes [NAME, 1], [NAME, 2], …
 * to the key and notes each id that it was answered; `read NOTES` streams the key and notes the frames, on from the last.
 * With the address of pages they do that in its place.
 */

use Sse\Polyfill\Test\Mixed\Storm;

if (!extension_loaded('sse')) {
    require_once dirname(__DIR__, 2) . '/bootstrap.php';
}
require_once __DIR__ . '/Storm.php';

[, $directory, $retention, $url, $role] = $argv;
Sse\configure(['dir' => $directory, 'retention_events' => $retention, 'retention_bytes' => '1G', 'lifetime' => 0]);
$role === 'push' ? push($url, $argv[5], (int)$argv[6], $argv[7]) : read($url, $argv[5]);

function push(string $url, string $name, int $count, string $path): void
{
    $notes = fopen($path, 'a');
    for ($number = 1; $url === '' && $number <= $count; $number++) {
        $id = Sse\push('k', [$name, $number]);
        fwrite($notes, "$id $number\n");
        // Not always as fast as can be: some pushes are to find a log that others have written to.
        $number % 64 === 0 && usleep(mt_rand(0, 2_000));
    }
    for ($number = 1; $url !== '' && $number <= $count; $number += Storm::BATCH) {
        $last = min($count, $number + Storm::BATCH - 1);
        $answer = (string)@file_get_contents("$url/push.php?name=$name&from=$number&to=$last");
        $lines = explode("\n", $answer);
        // Its worker was killed: who comes next goes on.
        $answer === '' && exit(1);
        fwrite($notes, implode("\n", array_slice($lines, 0, -1)) . "\n");
        count($lines) - 1 === $last - $number + 1 || exit(1);
    }
}

function read(string $url, string $path): void
{
    $known = is_file($path) ? (string)file_get_contents($path) : '';
    // A frame that was cut short is no frame.
    $known = whole($known);
    file_put_contents($path, $known);
    $notes = fopen($path, 'a');
    if ($url === '') {
        ob_start(static function (string $bytes) use ($notes): string {
            fwrite($notes, $bytes);

            return '';
        }, 1);
        Sse\stream('k', ['replay' => 'all', 'lastEventId' => lastId($known), 'connected' => false]);

        return;
    }
    while (true) {
        // HTTP/1.0: without chunks, for which PHP would wait until it has 8 KB.
        $http = ['protocol_version' => 1.0, 'header' => 'Last-Event-ID: ' . lastId($known)];
        $context = stream_context_create(compact('http'));
        $stream = @fopen("$url/stream.php", 'r', false, $context);
        $rest = '';
        while ($stream !== false && !feof($stream)) {
            $rest .= (string)fread($stream, 65_536);
            $frames = whole($rest);
            fwrite($notes, $frames);
            $known = $frames === '' ? $known : $frames;
            $rest = substr($rest, strlen($frames));
        }
        $known = (string)file_get_contents($path);
        usleep(20_000);
    }
}

function whole(string $frames): string
{
    $end = strrpos($frames, "\n\n");

    return $end === false ? '' : substr($frames, 0, $end + 2);
}

function lastId(string $frames): string
{
    preg_match_all('/^id: (.*)$/m', $frames, $ids);

    return array_pop($ids[1]) ?? '';
}
