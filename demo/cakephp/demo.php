<?php
/**
 * The CakePHP demo: starts PHP-FPM and nginx of its own, proves that a push from the command line arrives, and serves
 * the page. On a terminal it runs until Ctrl-C; without one it ends after the proof, with 0 if the push arrived.
 */
declare(strict_types=1);

namespace Sse\Support;

use InvalidArgumentException;
use RuntimeException;

require dirname(__DIR__, 2) . '/tests/support/load.php';
require dirname(__DIR__) . '/beside.php';

try {
    // A stream holds a worker while it is open; "ondemand" starts as many as there are tabs.
    $stack = new Stack(Options::fromArguments(['--app', __DIR__, '--pm', 'ondemand', '--workers', '40', ...array_slice($argv, 1)]));
} catch (InvalidArgumentException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(2);
}

stopAtTheEnd($stack->stop(...));

try {
    $stack->start();
    // The page shows it.
    $push = pushScript($stack) . ' Hello';
    file_put_contents("{$stack->app->tmp}/push-command", $push);
    echo "\n  page   $stack->url/\n";
    echo '  proof  ' . prove($stack, $push) . "\n";
    echo "  push   $push\n\n";
    if (!stream_isatty(STDOUT)) {
        exit(0);
    }
    echo "Ctrl-C stops it.\n";
    while (true) {
        sleep(1);
        $stack->assertRunning();
    }
} catch (RuntimeException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(1);
}

/**
 * Writes the script that shows a toast on the page, from another terminal.
 */
function pushScript(Stack $stack): string
{
    $scanned = getenv('PHP_INI_SCAN_DIR');
    $environment = ["SSE_TMP={$stack->app->tmp}", ...($scanned === false ? [] : ["PHP_INI_SCAN_DIR=$scanned"])];
    $php = [PHP_BINARY, ...array_slice($stack->flags(), 0, 2)];

    return writePush($stack->dir, 'MESSAGE', [...$environment, ...$php, "{$stack->app->directory}/bin/cake.php", 'push'], '"$@"');
}

/**
 * Opens the page and its stream as a browser does, runs the command, and waits for the toast.
 *
 * @throws \RuntimeException when it does not arrive
 */
function prove(Stack $stack, string $push): string
{
    $url = $stack->url;
    if (@file_get_contents("$url/") === false) {
        throw new RuntimeException("The page does not answer; see {$stack->app->tmp}/logs and $stack->dir/fpm.log");
    }
    $cookie = implode('; ', array_map(
        fn(string $header): string => preg_replace('/^Set-Cookie: ([^;]+).*/i', '$1', $header),
        preg_grep('/^Set-Cookie:/i', $http_response_header),
    ));
    $client = new Client("$url/stream/reports", 'GET', "Cookie: $cookie");
    $client->until('event: connected');
    exec("$push 2>&1", $lines, $status);
    if ($status !== 0) {
        throw new RuntimeException("The push failed:\n" . implode("\n", $lines));
    }
    $client->until('event: toast');

    return 'logged in, subscribed, "bin/cake push" ran, the toast arrived';
}
