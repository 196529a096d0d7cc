<?php
/**
 * The demo: starts PHP-FPM and nginx of its own, proves that a push arrives, and serves the page.
 *
 * On a terminal it runs until Ctrl-C; without one it ends after the proof, with 0 if a push arrived.
 */
declare(strict_types=1);

namespace Sse\Dev;

use InvalidArgumentException;
use RuntimeException;

foreach (['functions', 'Options', 'Child', 'Stack'] as $file) {
    require dirname(__DIR__) . "/dev/stack/$file.php";
}

try {
    // A stream holds a worker while it is open; "ondemand" starts as many as there are tabs.
    $arguments = ['--docroot', __DIR__ . '/public', '--pm', 'ondemand', '--workers', '40', ...array_slice($argv, 1)];
    $stack = new Stack(Options::fromArguments($arguments));
} catch (InvalidArgumentException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(2);
}

// Whatever ends this script also ends what it started.
$pulse = null;
register_shutdown_function(function () use ($stack, &$pulse): void {
    $pulse?->stop();
    $stack->stop();
});
pcntl_async_signals(true);
foreach ([SIGTERM, SIGINT, SIGHUP] as $signal) {
    pcntl_signal($signal, fn() => exit(0), false);
}

try {
    $stack->start();
    $push = pushCommand($stack);
    file_put_contents("$stack->dir/push-command", $push);

    echo "\n  page   $stack->url/\n";
    echo '  proof  ' . prove($stack) . "\n";
    echo "  push   $push\n\n";
    if (!stream_isatty(STDOUT)) {
        exit(0);
    }

    echo "Ctrl-C stops it and removes $stack->dir\n";
    $pulse = new Child([PHP_BINARY, ...$stack->flags(), __DIR__ . '/pulse.php'], "$stack->dir/pulse.log");
    while (true) {
        sleep(1);
        $stack->assertRunning();
    }
} catch (RuntimeException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(1);
}

/**
 * What pushes an event from another terminal. The page shows it too.
 */
function pushCommand(Stack $stack): string
{
    $scanned = getenv('PHP_INI_SCAN_DIR');
    $words = $scanned === false ? [] : ["PHP_INI_SCAN_DIR=$scanned"];
    $words[] = realpath((string)exec('command -v php')) === realpath(PHP_BINARY) ? 'php' : PHP_BINARY;
    array_push($words, ...$stack->flags());
    $quote = fn(string $word): string => preg_match('~[^\w./:=@+-]~', $word) ? escapeshellarg($word) : $word;

    return implode(' ', array_map($quote, $words)) . " -r 'Sse\\push(\"demo\", [\"message\" => \"hello\"]);'";
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
