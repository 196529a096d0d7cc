<?php
declare(strict_types=1);

/*
 * For the tests of the extension (tests/phpt) without it: loaded by auto_prepend_file. The settings are no entries of
 * php.ini there, so this answers for them what the tests ask PHP: `ini_get()`, `ini_set()` and `ini_restore()` of
 * `sse.*`. PHP's own are taken away by disable_functions, so that they can be defined here.
 */

use Sse\Polyfill\Settings;

require_once dirname(__DIR__, 2) . '/bootstrap.php';

/**
 * Sets what Sse\configure() would refuse, as `ini_set()` does; null takes back what was set so, and nothing else.
 */
function sseSet(string $name, ?string $value): void
{
    static $before = [];
    $configured = &Closure::bind(static fn &(): array => Settings::$configured, null, Settings::class)();
    if ($value !== null) {
        $before += [$name => $configured[$name] ?? null];
        $configured[$name] = $value;
    } elseif (array_key_exists($name, $before)) {
        $configured[$name] = $before[$name];
        $configured = array_filter($configured, is_string(...));
        unset($before[$name]);
    }
}

function ini_get(string $option): string|false
{
    return str_starts_with($option, 'sse.')
        ? Settings::text(substr($option, strlen('sse.')))
        : ini_get_all(details: false)[$option] ?? false;
}

function ini_set(string $option, string|int|float|bool|null $value): string|false
{
    if (!str_starts_with($option, 'sse.')) {
        // Another name of the same function.
        return ini_alter($option, $value);
    }
    $before = ini_get($option);
    sseSet(substr($option, strlen('sse.')), (string)$value);

    return $before;
}

function ini_restore(string $option): void
{
    if (str_starts_with($option, 'sse.')) {
        sseSet(substr($option, strlen('sse.')), null);
    } else {
        ini_alter($option, (string)ini_get_all()[$option]['global_value']);
    }
}
