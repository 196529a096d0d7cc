<?php
/**
 * What each demo puts beside its pages.
 */
declare(strict_types=1);

namespace Sse\Support;

/**
 * A short script that pushes from another terminal.
 *
 * @param string $dir where it is put
 * @param string $usage what it takes
 * @param list<string> $command what it runs, behind "env"; what the script is given follows
 * @param string $arguments those, as a shell writes them
 * @return string its path
 */
function writePush(string $dir, string $usage, array $command, string $arguments): string
{
    $words = implode(' ', array_map(escapeshellarg(...), $command));
    file_put_contents("$dir/push", "#!/bin/sh\n# Pushes to the demo's pages: push $usage\nexec env $words $arguments\n");
    chmod("$dir/push", 0755);

    return "$dir/push";
}

/**
 * writePush() for the pages of demo/public: "push [KEY [MESSAGE]]".
 *
 * @param list<string> $php PHP with its flags, and what is to be set in its environment before it
 * @param string $prelude PHP code that comes first
 */
function writePlainPush(string $dir, array $php, string $prelude = ''): string
{
    $code = '[, $key, $message] = $argv; '
        . 'Sse\push($key, ["message" => $message, "at" => microtime(true)], $key === "news" ? "news" : null);';

    return writePush($dir, '[KEY [MESSAGE]]', [...$php, '-r', $prelude . $code, '--'], '"${1:-demo}" "${2:-hello}"');
}

/**
 * The page to look inside with, where the web user can read it.
 */
function bringDebugPage(string $dir): void
{
    copyTree(dirname(__DIR__) . '/tools', "$dir/tools");
    copy(dirname(__DIR__) . '/js/sse.js', "$dir/tools/sse.js");
}
