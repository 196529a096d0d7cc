<?php
declare(strict_types=1);

namespace Sse\Service;

/**
 * Pushes events to the streams of a key, and looks at what was pushed.
 *
 * The container has one, for constructors and actions; {@see \Sse\Service\SseService} has the same as static methods.
 *
 * @phpstan-type Found array{time: int, data: mixed, id: string, gap?: true}
 */
interface EventServiceInterface
{
    /**
     * Keeps a payload and sends it to all streams of the key.
     *
     * An array or object whose `event` is a non-empty string names the event by it. Inside a transaction of the
     * connection `default` it waits for the commit, and is dropped by a rollback, where CakePHP can tell (from 5.4;
     * a rollback to a savepoint alone drops nothing); with an older CakePHP push after the commit, for example from
     * `Model.afterSaveCommit`.
     *
     * @param string $key 1 to 1024 bytes.
     * @param mixed $payload What json_encode() takes.
     * @return bool Whether it was kept; why not is in the log. One that waits for a commit counts as kept.
     * @throws \InvalidArgumentException for a key or payload that can't be sent
     */
    public function push(string $key, mixed $payload): bool;

    /**
     * Looks for something newer in a key.
     *
     * With a time in seconds it finds the newest payload, if a later second brought one. With an event's id it finds
     * the first event after that, so that asking again and again with the id it answers gives each of them once;
     * `gap` is true where some before it are not kept any more. It is true as well where the payload itself isn't:
     * then `data` is null.
     *
     * @param string $key The key.
     * @param string|int $lastKnownTime The time or the id that the last answer had; 0 at the beginning.
     * @return array{time: int, data: mixed, id: string, gap?: true}|null null if there is nothing newer
     * @throws \InvalidArgumentException for a key or id that can't be one
     * @throws \Sse\StoreException when the store can't be read
     */
    public function check(string $key, int|string $lastKnownTime): ?array;

    /**
     * The events of a key that are kept, oldest first, each as `check()` answers it.
     *
     * @param string $key The key.
     * @param string|null $after The id of the last one that isn't wanted any more.
     * @param int $limit How many at most, 1 to 100,000; -1 to -100,000 for so many of the newest.
     * @return list<array{time: int, data: mixed, id: string, gap?: true}>
     * @throws \InvalidArgumentException for a key, id or limit that can't be one
     * @throws \Sse\StoreException when the store can't be read
     */
    public function read(string $key, ?string $after = null, int $limit = 100): array;

    /**
     * "Now", for a page: its stream begins right here, so that nothing is lost before it connects.
     *
     * ```
     * new EventSource('/stream/reports?lastEventId=' + cursor)
     * ```
     *
     * @param list<string>|string $keys The stream's key or keys.
     * @return string Letters, digits, `-` and `_`.
     * @throws \InvalidArgumentException for a key that can't be one
     * @throws \Sse\StoreException when the store can't be read
     */
    public function cursor(array|string $keys): string;

    /**
     * What serves this process, and what is wrong with it: what `Sse\status()` answers for the application's store.
     *
     * @return array<string, mixed>
     * @throws \InvalidArgumentException for a wrong configuration
     */
    public function status(): array;
}
