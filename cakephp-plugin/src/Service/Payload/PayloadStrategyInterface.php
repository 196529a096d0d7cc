<?php
declare(strict_types=1);

namespace Sse\Service\Payload;

/**
 * Keeps the last value of each key.
 *
 * Clients get the last value, not each: of several quick pushes maybe only the newest. A class that can keep each
 * payload implements {@see \Sse\Service\Payload\OrderedPayloadStrategyInterface}.
 *
 * The plugin makes one instance per process, without arguments.
 */
interface PayloadStrategyInterface
{
    /**
     * Keeps a payload, instead of the one before.
     *
     * @param string $key The key, as the application pushed to it: any bytes.
     * @param mixed $data The payload.
     * @return bool Whether it is kept; if not, nobody is woken.
     */
    public function store(string $key, mixed $data): bool;

    /**
     * The payload stored last.
     *
     * @param string $key The key.
     * @return mixed The payload, or null if there is none: then nothing is sent.
     */
    public function fetch(string $key): mixed;
}
