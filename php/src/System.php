<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Closure;

/**
 * Calls of PHP's that may warn of what the system refused: the warning becomes a `SystemError`, and no handler of the
 * application's sees it.
 */
final class System
{
    private static ?string $warning = null;

    /**
     * Runs a call that answers false where it fails.
     *
     * @template T
     * @param \Closure(): (T|false) $call
     * @return T
     * @throws \Sse\Polyfill\SystemError where it answers false
     */
    public static function call(Closure $call): mixed
    {
        $result = self::quietly($call);
        if ($result === false) {
            throw self::refused();
        }

        return $result;
    }

    /**
     * The same, where false is an answer.
     *
     * @template T
     * @param \Closure(): T $call
     * @return T
     */
    public static function quietly(Closure $call): mixed
    {
        self::$warning = null;
        set_error_handler(static function (int $level, string $message): bool {
            self::$warning = $message;

            return true;
        });
        try {
            return $call();
        } finally {
            restore_error_handler();
        }
    }

    /**
     * What the last call failed at.
     */
    public static function refused(): SystemError
    {
        $text = self::$warning ?? 'the system does not say why';

        return new SystemError(Reason::of($text), (string)preg_replace('/^.*: /s', '', $text));
    }

    /**
     * Whether a path is kept from PHP code by `open_basedir`.
     */
    public static function isKeptAway(string $path): bool
    {
        if ((string)ini_get('open_basedir') === '') {
            return false;
        }
        self::quietly(static fn(): bool => is_file($path));

        return str_contains(self::$warning ?? '', 'open_basedir');
    }

    /**
     * A path's status, as it is now; null if nothing is there, or nothing that may be looked at.
     *
     * @phpstan-impure
     */
    public static function status(string $path): ?Status
    {
        clearstatcache();
        $status = self::quietly(static fn(): array|false => stat($path));

        return $status === false ? null : new Status($status);
    }

    /**
     * The same, of a symbolic link itself.
     */
    public static function linkStatus(string $path): ?Status
    {
        clearstatcache();
        $status = self::quietly(static fn(): array|false => lstat($path));

        return $status === false ? null : new Status($status);
    }

    /**
     * This process's number; 0 where a host keeps it from PHP code.
     */
    public static function process(): int
    {
        return function_exists('getmypid') ? (int)getmypid() : 0;
    }

    /**
     * Runs a call of a function that hosts like to switch off; false where they did.
     */
    public static function attempt(string $function, mixed ...$arguments): mixed
    {
        return is_callable($function) && self::quietly(static fn(): mixed => $function(...$arguments));
    }
}
