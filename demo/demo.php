<?php
/**
 * The demo: starts PHP-FPM and nginx of its own, proves that a push arrives, and serves the page.
 *
 * On a terminal it runs until Ctrl-C; without one it ends after the proof, with 0 if a push arrived.
 */
declare(strict_types=1);

namespace Sse\Support;

use InvalidArgumentException;
use RuntimeException;

require dirname(__DIR__) . '/tests/support/load.php';
require __DIR__ . '/Crowds.php';
require __DIR__ . '/beside.php';

/** What the page's button may open takes two connections a stream. */
const CONNECTIONS = 12_000;

try {
    $options = options(array_slice($argv, 1));
    $stack = new Stack($options);
} catch (InvalidArgumentException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(2);
}

$pulse = $crowds = null;
stopAtTheEnd(function () use ($stack, &$pulse, &$crowds): void {
    $pulse?->stop();
    $crowds?->stop();
    $stack->stop();
});

try {
    $stack->start();
    $push = pushScript($stack);
    bringDebugPage($stack->dir);
    file_put_contents("$stack->dir/workers", (string)$options->workers);

    echo "\n  page   $stack->url/\n";
    echo '  proof  ' . prove($stack) . "\n";
    echo "  push   $push demo hello\n\n";
    if (!stream_isatty(STDOUT)) {
        exit(0);
    }

    echo "Ctrl-C stops it and removes $stack->dir\n";
    $pulse = new Child([PHP_BINARY, ...$stack->flags(), __DIR__ . '/pulse.php'], "$stack->dir/pulse.log");
    $crowds = new Crowds($stack);
    while (true) {
        usleep(200_000);
        $stack->assertRunning();
        $crowds->follow();
    }
} catch (RuntimeException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(1);
}

/**
 * Two workers serve any number of streams, where there is a hub. Else a stream holds a worker while it is open, and
 * "ondemand" starts as many as there are tabs.
 *
 * @param list<string> $arguments
 */
function options(array $arguments): Options
{
    $given = ['--docroot', __DIR__ . '/public', '--connections', (string)CONNECTIONS];
    $extension = Options::fromArguments([...$given, ...$arguments])->extension;
    $workers = Hub::isKnownTo($extension) ? ['--workers', '2'] : ['--pm', 'ondemand', '--workers', '40'];

    return Options::fromArguments([...$given, ...$workers, ...$arguments]);
}

/**
 * Writes the script that pushes from another terminal. The page shows it too.
 */
function pushScript(Stack $stack): string
{
    $scanned = getenv('PHP_INI_SCAN_DIR');
    $environment = $scanned === false ? [] : ["PHP_INI_SCAN_DIR=$scanned"];

    return writePlainPush($stack->dir, [...$environment, PHP_BINARY, ...$stack->flags()]);
}

/**
 * Lets another PHP, with the extension loaded, subscribe through nginx and push.
 *
 * @throws \RuntimeException with its words, when no push arrives
 */
function prove(Stack $stack): string
{
    $command = [PHP_BINARY, ...$stack->flags(), __DIR__ . '/proof.php', $stack->url . '/events.php'];
    exec(implode(' ', array_map(escapeshellarg(...), $command)) . ' 2>&1', $lines, $status);
    if ($status !== 0) {
        throw new RuntimeException("The proof failed:\n" . implode("\n", $lines));
    }

    return implode("\n", $lines);
}
