<?php
declare(strict_types=1);

namespace Sse\Tools;

/**
 * What the commands act upon: the extension's functions, or an application's own way to them.
 *
 * What can't be used is an `InvalidArgumentException`, and what fails a `RuntimeException`, each with its remedy.
 */
interface Events
{
    /**
     * Keeps an event and wakes its listeners.
     *
     * @return string|null its id; null where nobody knows it
     */
    public function push(string $key, mixed $data): ?string;

    /**
     * Events of a key after an id, oldest first; with a negative limit so many of the newest. `gap` is true where some
     * before it are gone, or its own data is.
     *
     * @return list<array{id: string, time: float, event: ?string, data: mixed, gap: bool}>
     */
    public function read(string $key, ?string $after, int $limit): array;

    /**
     * @return array<string, mixed> as `Sse\status()`
     */
    public function status(): array;
}
