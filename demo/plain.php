<?php
/**
 * The demo in plain PHP: the same pages, served by PHP's built-in web server, without the extension and without nginx.
 *
 * On a terminal it runs until Ctrl-C; without one it ends after the proof that a push arrives, with 0 if it did.
 */
declare(strict_types=1);

namespace Sse\Support;

use RuntimeException;

require dirname(__DIR__) . '/tests/support/functions.php';
require __DIR__ . '/beside.php';

/** Each open page holds one for its stream; a browser loads with six at once. */
const WORKERS = 16;

/** Seconds until the server must answer. */
const READY_WITHIN = 15.0;

$dir = sys_get_temp_dir() . '/sse-' . bin2hex(random_bytes(4));
$plain = dirname(__DIR__) . '/php/bootstrap.php';
$processes = [];
stopAtTheEnd(function () use ($dir, &$processes): void {
    foreach ($processes as $process) {
        stop($process);
    }
    removeTree($dir);
});

try {
    mkdir("$dir/store", recursive: true);
    copyTree(__DIR__ . '/public', "$dir/public");
    bringDebugPage($dir);
    $push = writePlainPush($dir, ["SSE_DIR=$dir/store", PHP_BINARY], "require '$plain'; ");
    file_put_contents("$dir/workers", (string)WORKERS);
    putenv("SSE_DIR=$dir/store");
    putenv('PHP_CLI_SERVER_WORKERS=' . WORKERS);
    [$port] = freePorts(1);
    $address = "127.0.0.1:$port";
    $server = $processes[] = start($dir, 'server', ['-d', "auto_prepend_file=$plain", '-S', $address, '-t', "$dir/public"]);
    $answers = fn(): bool => @file_get_contents("http://$address/clock.php") !== false;
    if (!waitUntil(fn(): bool => $answers() || !isRunning($server), READY_WITHIN) || !isRunning($server)) {
        throw new RuntimeException("The server does not answer:\n" . file_get_contents("$dir/server.log"));
    }

    echo "\n  page   http://$address/\n";
    echo '  proof  ' . proof($plain, "http://$address/events.php") . "\n";
    echo "  push   $push demo hello\n\n";
    if (!stream_isatty(STDOUT)) {
        exit(0);
    }

    echo "Ctrl-C stops it and removes $dir\n";
    $processes[] = start($dir, 'pulse', ['-d', "auto_prepend_file=$plain", __DIR__ . '/pulse.php']);
    while (isRunning($server)) {
        usleep(200_000);
    }
    throw new RuntimeException("The server ended:\n" . file_get_contents("$dir/server.log"));
} catch (RuntimeException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(1);
}

/**
 * A PHP of our own, with a log of that name.
 *
 * @param list<string> $arguments
 * @return resource
 */
function start(string $dir, string $name, array $arguments)
{
    $log = ['file', "$dir/$name.log", 'a'];
    $process = proc_open([PHP_BINARY, ...$arguments], [['file', '/dev/null', 'r'], $log, $log], $pipes);

    return $process ?: throw new RuntimeException("The $name does not start");
}

/**
 * @param resource $process
 */
function isRunning($process): bool
{
    return proc_get_status($process)['running'];
}

/**
 * Ends a PHP. The built-in server waits for its workers, which end by themselves only at a Ctrl-C in the terminal.
 *
 * @param resource $process
 */
function stop($process): void
{
    $pid = proc_get_status($process)['pid'];
    $workers = (string)@file_get_contents("/proc/$pid/task/$pid/children");
    foreach ([$pid, ...preg_split('/ /', $workers, flags: PREG_SPLIT_NO_EMPTY)] as $one) {
        posix_kill((int)$one, SIGINT);
    }
    if (!waitUntil(fn(): bool => !isRunning($process), 2.0)) {
        proc_terminate($process, SIGKILL);
    }
    proc_close($process);
}

/**
 * Lets another PHP subscribe at an address, and push.
 *
 * @throws \RuntimeException with its words, when no push arrives
 */
function proof(string $plain, string $url): string
{
    $command = [PHP_BINARY, '-d', "auto_prepend_file=$plain", __DIR__ . '/proof.php', $url];
    exec(implode(' ', array_map(escapeshellarg(...), $command)) . ' 2>&1', $lines, $status);
    if ($status !== 0) {
        throw new RuntimeException("The proof failed:\n" . implode("\n", $lines));
    }

    return implode("\n", $lines);
}
