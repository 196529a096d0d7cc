<?php
/**
 * tests/support/stack.php for a CakePHP application, which is told by SSE_TMP where its TMP is.
 *
 * usage: php tests/support/cakephp-stack.php --app DIR [--webroot DIR] [--param 'NAME VALUE'] [--location 'TEXT'] [option ...]
 *   --app DIR              the package with vendor/; it is copied where the web user can't read it
 *   --webroot DIR          where its index.php is, in the package (default: webroot)
 *   --param 'NAME VALUE'   what nginx passes to PHP besides; may be repeated
 *   --location 'TEXT'      more locations for nginx; may be repeated. "fastcgi_pass php;" reaches PHP in them, {index}
 *                          is the path of index.php, and {params} stands for what else PHP is passed
 * All other options are those of tests/support/stack.php, and so is what it prints, with "app" and "tmp" besides. It stays until
 * SIGTERM, SIGINT or the end of its standard input.
 */
declare(strict_types=1);

namespace Sse\Dev;

use InvalidArgumentException;
use RuntimeException;

require __DIR__ . '/stack/load.php';
require __DIR__ . '/stack/CakeStack.php';

try {
    $stack = fromArguments(array_slice($argv, 1));
} catch (InvalidArgumentException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(2);
}

stopAtTheEnd($stack->stop(...));

try {
    $stack->stack->start();
    echo json_encode($stack->describe(), JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR), "\n";
    while (!feof(STDIN)) {
        $stack->stack->assertRunning();
        $read = [STDIN];
        $write = $except = null;
        if (@stream_select($read, $write, $except, 0, 500_000)) {
            fgets(STDIN);
        }
    }
} catch (RuntimeException $exception) {
    fwrite(STDERR, $exception->getMessage() . "\n");
    exit(1);
}

/**
 * @param list<string> $arguments
 */
function fromArguments(array $arguments): CakeStack
{
    $own = ['app' => '', 'webroot' => 'webroot', 'param' => [], 'location' => []];
    $others = [];
    while (($argument = array_shift($arguments)) !== null) {
        [$option, $value] = explode('=', $argument, 2) + [1 => null];
        $name = substr($option, 2);
        if (!array_key_exists($name, $own)) {
            $others[] = $argument;
            continue;
        }
        $value ??= array_shift($arguments) ?? throw new InvalidArgumentException("$argument needs a value");
        $own[$name] = is_array($own[$name]) ? [...$own[$name], $value] : $value;
    }

    return new CakeStack($own['app'], $own['webroot'], $own['param'], $own['location'], $others);
}
