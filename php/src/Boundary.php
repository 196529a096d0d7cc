<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use ArgumentCountError;
use Closure;
use Error;
use Exception;
use ReflectionProperty;
use Throwable;

/**
 * Where the library ends and the application begins: failures become exceptions that PHP code can catch, with the place
 * and the trace of the application's call, as if this were not written in PHP. So no trace has what is inside: a dsn may
 * have a password.
 */
final class Boundary
{
    /**
     * Runs the body of a function, and throws what it fails with.
     *
     * @template T
     * @param string $function its name
     * @param int $given arguments that it was given
     * @param array{int, int} $takes at least and at most so many
     * @param \Closure(): T $body
     * @return T
     */
    public static function answer(string $function, int $given, array $takes, Closure $body): mixed
    {
        [$least, $most] = $takes;
        if ($given > $most) {
            throw self::placed($function, new ArgumentCountError(sprintf(
                '%s() expects %s %d argument%s, %d given',
                $function,
                $least === $most ? 'exactly' : 'at most',
                $most,
                $most === 1 ? '' : 's',
                $given,
            )));
        }
        try {
            return $body();
        } catch (Failure $failure) {
            throw self::placed($function, new $failure->kind->value("$function(): $failure->text"));
        }
    }

    /**
     * Where an exception came from, as far as the application is concerned.
     */
    public static function place(Throwable $error): string
    {
        $frames = [['file' => $error->getFile(), 'line' => $error->getLine()], ...$error->getTrace()];
        foreach ($frames as $frame) {
            if (!str_starts_with($frame['file'] ?? __DIR__, dirname(__DIR__) . DIRECTORY_SEPARATOR)) {
                return ($frame['file'] ?? '') . ':' . ($frame['line'] ?? 0);
            }
        }

        return $error->getFile() . ':' . $error->getLine();
    }

    /**
     * The class whose code calls a function; null outside of classes.
     *
     * @return class-string|null
     */
    public static function callerClass(string $function): ?string
    {
        $isNext = false;
        foreach (debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS) as $frame) {
            if ($isNext) {
                return isset($frame['class']) && class_exists($frame['class'], false) ? $frame['class'] : null;
            }
            $isNext = $frame['function'] === $function && !isset($frame['class']);
        }

        return null;
    }

    /**
     * The exception as if it came from the call of the function.
     */
    private static function placed(string $function, Error|Exception $error): Error|Exception
    {
        foreach ($error->getTrace() as $index => $frame) {
            if (isset($frame['class']) || $frame['function'] !== $function) {
                continue;
            }
            $class = $error instanceof Error ? Error::class : Exception::class;
            $set = static function (string $name, mixed $value) use ($class, $error): void {
                (new ReflectionProperty($class, $name))->setValue($error, $value);
            };
            $set('trace', array_slice($error->getTrace(), $index));
            if (isset($frame['file'], $frame['line'])) {
                $set('file', $frame['file']);
                $set('line', $frame['line']);
            }
            break;
        }

        return $error;
    }
}
