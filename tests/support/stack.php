<?php
/**
 * Starts a PHP-FPM and a web server of its own with the extension just built, for the demo, the tests and the bench.
 *
 * Prints one line of JSON when a page really answers, then stays until SIGTERM, SIGINT or the end of its standard
 * input; then it stops what it started and removes its directory. Lines on standard input command it meanwhile,
 * each is answered with a line of JSON:
 *   fpm quit     stop PHP-FPM gracefully     fpm stop      stop it at once
 *   fpm start    start it again              fpm reload    let it read its configuration anew
 *   web stop     stop the web server         web start     start it again
 */
declare(strict_types=1);

namespace Sse\Support;

use InvalidArgumentException;
use RuntimeException;

require __DIR__ . '/load.php';

try {
    $stack = new Stack(Options::fromArguments(array_slice($argv, 1)));
} catch (InvalidArgumentException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(2);
}

stopAtTheEnd($stack->stop(...));

try {
    $stack->start();
    answer($stack->describe());
    serve($stack);
} catch (RuntimeException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(1);
}

/**
 * Looks after the servers and obeys commands until told to stop.
 */
function serve(Stack $stack): void
{
    // A pipe that ends says that whoever started us is gone; /dev/null is at its end from the start and says nothing.
    $listening = stream_isatty(STDIN) || in_array(fstat(STDIN)['mode'] & 0170000, [0010000, 0140000], true);
    while (true) {
        $stack->assertRunning();
        $read = $listening ? [STDIN] : [];
        $write = $except = null;
        if (!$listening) {
            usleep(500_000);
        } elseif (@stream_select($read, $write, $except, 0, 500_000)) {
            $line = fgets(STDIN);
            if ($line === false) {
                return;
            }
            obey($stack, trim($line));
        }
    }
}

function obey(Stack $stack, string $command): void
{
    match ($command) {
        'fpm quit' => answer(['ended' => $stack->stopFpm(SIGQUIT)]),
        'fpm stop' => answer(['ended' => $stack->stopFpm(SIGTERM)]),
        'fpm start' => answer(['fpm' => $stack->startFpm()]),
        'fpm reload' => answer(['fpm' => $stack->reloadFpm()]),
        'web stop' => answer(['ended' => $stack->stopWebServer()]),
        'web start' => answer(['web' => $stack->startWebServer()]),
        default => answer(['error' => "unknown command: $command"]),
    };
}

/**
 * @param array<string, mixed> $data
 */
function answer(array $data): void
{
    fwrite(STDOUT, json_encode($data, JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR) . "\n");
}
