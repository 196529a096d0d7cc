<?php
declare(strict_types=1);

/*
 * The functions, exceptions and the enum of the extension `sse` in plain PHP, where it isn't loaded. Composer loads
 * this file by itself; without Composer: require_once '…/php/bootstrap.php';
 */

if (extension_loaded('sse') || function_exists('Sse\push')) {
    return;
}

// One way for all: it works without Composer too, and what the extension has is never looked for.
spl_autoload_register(static function (string $class): void {
    if (!str_starts_with($class, 'Sse\\')) {
        return;
    }
    $path = match ($class) {
        'Sse\Exception', 'Sse\InvalidArgumentException', 'Sse\StoreException', 'Sse\StreamException', 'Sse\StreamEnd'
            => '/classes/' . substr($class, strlen('Sse\\')),
        default => str_starts_with($class, 'Sse\Polyfill\\')
            ? '/src/' . strtr(substr($class, strlen('Sse\Polyfill\\')), '\\', '/')
            : null,
    };
    if ($path !== null && is_file(__DIR__ . "$path.php")) {
        require __DIR__ . "$path.php";
    }
});

require __DIR__ . '/functions.php';
