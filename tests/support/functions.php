<?php
declare(strict_types=1);

namespace Sse\Support;

use Closure;
use RuntimeException;

/**
 * Waits for a condition, at most so many seconds; tells whether it came true.
 *
 * @param callable(): bool $condition
 */
function waitUntil(callable $condition, float $seconds): bool
{
    $deadline = hrtime(true) + $seconds * 1e9;
    while (!$condition()) {
        if (hrtime(true) > $deadline) {
            return false;
        }
        usleep(5_000);
    }

    return true;
}

/**
 * Lets whatever ends this script, a signal too, also end what it started; to be called before anything starts.
 *
 * @param \Closure(): void $stop
 * @param int $status the script's exit status after a signal
 */
function stopAtTheEnd(Closure $stop, int $status = 0): void
{
    $owner = getmypid();
    // Not for a child that it forked.
    register_shutdown_function(fn() => getmypid() === $owner ? $stop() : null);
    pcntl_async_signals(true);
    foreach ([SIGTERM, SIGINT, SIGHUP] as $signal) {
        pcntl_signal($signal, fn() => exit($status), false);
    }
}

/**
 * TCP ports on the loopback that nobody listens on now.
 *
 * @return list<int>
 */
function freePorts(int $count): array
{
    $servers = [];
    while (count($servers) < $count) {
        $servers[] = stream_socket_server('tcp://127.0.0.1:0') ?: throw new RuntimeException('No loopback port is free');
    }
    $names = array_map(fn($server): string => (string)stream_socket_get_name($server, false), $servers);

    return array_map(fn(string $name): int => (int)substr($name, strrpos($name, ':') + 1), $names);
}

/**
 * Copies a directory with all that is in it, so that a web user who may not enter its place can read it.
 *
 * @param list<string> $except names that are left out, wherever they are
 */
function copyTree(string $from, string $to, array $except = []): void
{
    mkdir($to);
    chmod($to, 0755);
    foreach (array_diff(scandir($from) ?: [], ['.', '..'], $except) as $name) {
        if (is_dir("$from/$name")) {
            copyTree("$from/$name", "$to/$name", $except);
        } else {
            copy("$from/$name", "$to/$name");
            chmod("$to/$name", 0644);
        }
    }
}

function removeTree(string $directory): void
{
    foreach (array_diff(scandir($directory) ?: [], ['.', '..']) as $name) {
        $path = "$directory/$name";
        is_dir($path) && !is_link($path) ? removeTree($path) : unlink($path);
    }
    rmdir($directory);
}

/**
 * The path of a program, also of those that an ordinary user's PATH leaves out.
 *
 * @throws \RuntimeException when there is none
 */
function program(string ...$names): string
{
    $path = getenv('PATH') . ':/usr/local/sbin:/usr/sbin:/sbin';
    foreach ($names as $name) {
        foreach (explode(':', $path) as $directory) {
            if (is_executable("$directory/$name")) {
                return "$directory/$name";
            }
        }
    }
    throw new RuntimeException("$names[0] is not installed; dev/setup.sh installs what is missing");
}

/**
 * PHP-FPM of the version that runs this script.
 */
function fpmProgram(): string
{
    $version = PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION;
    $beside = dirname(PHP_BINARY, 2) . '/sbin/php-fpm';

    return is_executable($beside) ? $beside : program("php-fpm$version", 'php-fpm');
}
