<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Closure;

/**
 * `flock` that never blocks: it is asked for again, with growing pauses, as long as the caller's patience lasts.
 */
final class Lock
{
    private const SHORTEST_PAUSE_US = 20;
    private const LONGEST_PAUSE_US = 5_000;

    /**
     * Runs an action while this process holds the file's lock. Handlers of signals wait until it is given back: one that
     * pushes would find the lock free, since it is this process's own.
     *
     * @template T
     * @param \Closure(): T $action
     * @param \LOCK_EX|\LOCK_SH $operation `LOCK_EX` for writers, `LOCK_SH` for readers who want to be sure that none is at work
     * @param float $patience seconds to wait for others
     * @return T
     * @throws \Sse\Polyfill\Failure if somebody else has it, or what the action throws
     */
    public static function held(
        File $file,
        string $path,
        float $patience,
        Closure $action,
        int $operation = LOCK_EX,
    ): mixed {
        if (!function_exists('flock')) {
            throw Failure::store(
                "cannot lock $path: this PHP has no flock(); "
                . 'have it taken out of disable_functions, or install the extension sse',
            );
        }
        $isAsync = function_exists('pcntl_async_signals') && pcntl_async_signals();
        if ($isAsync) {
            pcntl_async_signals(false);
        }
        try {
            self::acquire($file, $path, $patience, $operation);
            try {
                return $action();
            } finally {
                $file->unlock();
            }
        } catch (SystemError $error) {
            throw Refusal::of('lock', $path, $error);
        } finally {
            if ($isAsync) {
                pcntl_async_signals(true);
                pcntl_signal_dispatch();
            }
        }
    }

    /**
     * @param \LOCK_EX|\LOCK_SH $operation
     */
    private static function acquire(File $file, string $path, float $patience, int $operation): void
    {
        $began = null;
        $pause = self::SHORTEST_PAUSE_US;
        while (!$file->lock($operation)) {
            $began ??= hrtime(true);
            $waited = (hrtime(true) - $began) / 1e9;
            if ($waited >= $patience) {
                throw Failure::locked($path, (int)($waited * 1_000));
            }
            usleep($pause);
            $pause = min(2 * $pause, self::LONGEST_PAUSE_US);
        }
    }
}
