<?php
declare(strict_types=1);

/*
 * Pushers and readers with the extension and without it, on one key at once, and kill -9 among them:
 *
 *   php run.php EXTENSION [EVENTS]
 *
 * 1. All events are kept. What a push was answered for is in the log, once and under that id, and each pusher's events
 *    are in their order; every reader, also one that was killed and resumed, has seen just what the log has.
 * 2. Few are kept, so that both kinds trim under the others' feet. Every reader sees rising ids, none twice; and what it
 *    didn't see it was told of: nothing that was stored lies outside of what it saw and its gaps.
 * 3. The same, with PHP-FPM of the one kind and the command line of the other, and the reverse.
 * 4. Each kind mends the torn end that a writer of the other kind left, at every byte of a line, and both read the same.
 */

namespace Sse\Polyfill\Test\Mixed;

use Sse\Support\Options;
use Sse\Support\Stack;
use function Sse\Support\stopAtTheEnd;

require_once dirname(__DIR__, 2) . '/bootstrap.php';
require_once dirname(__DIR__, 3) . '/tests/support/load.php';
require_once __DIR__ . '/Storm.php';

/** Answers what code prints in a PHP of this kind, with the store in $argv[1]. */
function php(?string $extension, string $store, string $code): string
{
    $with = $extension === null ? '' : '-d ' . escapeshellarg("extension=$extension");
    $load = $extension === null ? 'require_once ' . var_export(dirname(__DIR__, 2) . '/bootstrap.php', true) . ';' : '';
    $set = 'Sse\configure(["dir" => $argv[1]]);';

    return (string)shell_exec(sprintf('%s -n %s -r %s -- %s 2>&1', PHP_BINARY, $with, escapeshellarg("$load$set$code"), escapeshellarg($store)));
}

/** Each kind pushes to a log that ends within a line; both read the same then. */
function mend(string $extension, string $store): void
{
    mkdir($store);
    $read = 'echo json_encode(Sse\read("k", null, 1000));';
    php(null, $store, 'Sse\push("k", "before");');
    [$log] = glob("$store/*.log") ?: [''];
    $whole = (string)file_get_contents($log);
    $line = (string)strrchr(rtrim($whole, "\n"), "\n");
    $head = substr($whole, 0, strlen($whole) - strlen($line));
    // What follows the first line, cut at each byte, and once without its end alone.
    $id = (new \Sse\Polyfill\EventId((int)(microtime(true) * 1000), 0));
    $next = \Sse\Polyfill\Format::writeLine($id->next(0), $id->millis, new \Sse\Polyfill\Draft('name', null, '{"a":"b c"}'));
    $times = 0;
    for ($cut = 1; $cut < strlen($next); $cut++) {
        foreach ([null, $extension] as $mender) {
            file_put_contents($log, $whole . substr($next, 0, $cut));
            php($mender, $store, 'Sse\push("k", "after");');
            [$plain, $other] = [php(null, $store, $read), php($extension, $store, $read)];
            $data = array_column(json_decode($plain, true), 'data');
            $expected = $cut < strlen($next) - 1 ? ['before', 'after'] : ['before', ['a' => 'b c'], 'after'];
            if ($plain !== $other || $data !== $expected) {
                fwrite(STDERR, "cut at $cut, mended by " . ($mender ?? 'plain PHP') . ": $plain\n$other\n");
                exit(1);
            }
            $times++;
        }
    }
    echo "$times torn ends mended, read alike by both\n";
}

/**
 * A storm of which half comes by pages of PHP-FPM.
 *
 * @param string $served the extension, or plain PHP, of PHP-FPM
 * @param array{flags: list<string>, url: string} $beside the command line
 */
function storm_with_fpm(string $what, string $served, array $beside, int $events, int $retention, string $directory): void
{
    $settings = ["retention_events=$retention", 'retention_bytes=1G', 'lifetime=0', 'worker_streams=64', 'retry=20'];
    $stack = new Stack(new Options(
        docroot: __DIR__ . '/public',
        extension: $served,
        workers: 12,
        ini: array_map(fn(string $setting): string => "sse.$setting", $settings),
    ));
    stopAtTheEnd($stack->stop(...));
    $stack->start();
    $fpm = ['flags' => [], 'url' => $stack->url];
    (new Storm($what, $directory, $stack->store, [$fpm, $beside], $events, $retention, $stack->describe()['pids']['fpm']))->run();
    $stack->stop();
}

$extension = (string)realpath($argv[1]);
$events = (int)($argv[2] ?? 100_000);
$directory = sys_get_temp_dir() . '/sse-mixed-' . bin2hex(random_bytes(6));
$with = ['flags' => ['-d', "extension=$extension"], 'url' => ''];
$without = ['flags' => [], 'url' => ''];
foreach ([$events, 50] as $retention) {
    mkdir("$directory/$retention", recursive: true);
    mkdir("$directory/$retention/store");
    (new Storm('command line', "$directory/$retention", "$directory/$retention/store", [$with, $without], $events, $retention))->run();
}
foreach ([$events, 50] as $retention) {
    $what = 'PHP-FPM with the extension, the command line without';
    storm_with_fpm($what, $extension, $without, $events, $retention, "$directory/with-$retention");
    $what = 'PHP-FPM without the extension, the command line with it';
    storm_with_fpm($what, dirname(__DIR__, 2) . '/bootstrap.php', $with, $events, $retention, "$directory/without-$retention");
}
mend($extension, "$directory/mend");
exec('rm -r ' . escapeshellarg($directory));
