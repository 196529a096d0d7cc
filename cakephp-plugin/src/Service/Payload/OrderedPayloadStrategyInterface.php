<?php
declare(strict_types=1);

namespace Sse\Service\Payload;

/**
 * Keeps each payload, so that no event is lost: also of several quick ones, also while a client is away.
 *
 * The plugin pushes through `append()` and remembers the reference it answers, in order; streams ask for the payload
 * with `find()`. `store()` and `fetch()` are for those who use the class by itself, and for a signal that changes
 * without anything new.
 */
interface OrderedPayloadStrategyInterface extends PayloadStrategyInterface
{
    /**
     * Keeps a payload beside those before it.
     *
     * @param string $key The key, as the application pushed to it: any bytes.
     * @param mixed $data The payload.
     * @return string|null A reference that finds it again (UTF-8; the shorter the better: it is stored for each
     *   event), or null if it could not be kept: then nobody is woken.
     */
    public function append(string $key, mixed $data): ?string;

    /**
     * The payload behind a reference.
     *
     * @param string $key The key.
     * @param string $reference What `append()` or `after()` answered.
     * @return array{mixed}|null A list with the payload in it (which may be null), or null if it is gone: then the
     *   client is told of a gap.
     */
    public function find(string $key, string $reference): ?array;

    /**
     * The references behind another, oldest first.
     *
     * Asked only where the signal is a class of your own, when it changed: what other programs stored, without
     * `SseService::push()`, reaches the clients this way.
     *
     * @param string $key The key.
     * @param string|null $reference The last one that clients were told of, or null if they were told of none. One
     *   that isn't kept any more counts as older than all.
     * @return list<string>|null An empty list if there is nothing new; null if this class can't tell: then a changed
     *   signal sends the last value again.
     */
    public function after(string $key, ?string $reference): ?array;
}
