<?php
declare(strict_types=1);

namespace Sse\Service\Signal;

/**
 * Says that a key has something new.
 *
 * A class of your own is asked each `poll` seconds by each stream, so that it may also be changed by other programs.
 * Several processes may ask and touch it at the same time.
 * The plugin makes one instance per process, without arguments.
 */
interface SignalStrategyInterface
{
    /**
     * Raises the modification time. Called after the payload was stored.
     *
     * @param string $key The key, as the application pushed to it: any bytes.
     * @return void
     */
    public function touch(string $key): void;

    /**
     * When the key was changed last.
     *
     * Only that the number rises counts, so it may as well be milliseconds or a counter: then two changes within
     * a second by other programs differ too.
     *
     * @param string $key The key.
     * @return int The time, 0 if it never was.
     */
    public function getLastModified(string $key): int;
}
