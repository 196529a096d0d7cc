<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Closure;
use InvalidArgumentException;
use Sse\Service\Signal\SignalStrategyInterface;
use Sse\Service\Store;

/**
 * How the payloads of events are kept; their order, their ids and the wake-up are the store's.
 *
 * @internal
 */
abstract class Engine
{
    /**
     * Names that the extension refuses: those of EventSource's own events, and of the stream's.
     */
    private const TAKEN_NAMES = ['error', 'open', 'connected', 'sse-gap'];

    /**
     * Keeps a payload and wakes the key's listeners.
     *
     * @param string $key The key.
     * @param mixed $payload The payload.
     * @return bool whether it is kept
     * @throws \InvalidArgumentException for a key or payload that can't be used
     * @throws \Sse\StoreException when the store fails
     */
    abstract public function push(string $key, mixed $payload): bool;

    /**
     * Looks at what keeps a push from being made, for one that is to wait for a commit: nobody could be told then.
     *
     * @param string $key The key.
     * @param mixed $payload The payload.
     * @return bool whether it could be made now; if not, why is in the log
     * @throws \InvalidArgumentException for a key or payload that can't be used
     * @throws \Sse\StoreException when the store can't be used
     */
    public function accepts(string $key, mixed $payload): bool
    {
        $this->assertSendable($payload);
        Store::instance()->cursor($key);

        return true;
    }

    /**
     * Whether a push now becomes part of an open transaction by itself, and needn't wait for its commit.
     *
     * @return bool
     */
    public function sharesTransaction(): bool
    {
        return false;
    }

    /**
     * Adds to a stream's options what this engine needs.
     *
     * @param string $key The key.
     * @param array<string, mixed> $options Options of Sse\stream().
     * @return array<string, mixed>
     */
    public function streamOptions(string $key, array $options): array
    {
        return $options;
    }

    /**
     * Looks for something newer: the newest event after a time in seconds, or the first after an id.
     *
     * @param string $key The key.
     * @param string|int $lastKnown The time or the id.
     * @return array{time: int, data: mixed, id: string, gap?: true}|null
     * @throws \InvalidArgumentException for a key or id that can't be used
     * @throws \Sse\StoreException when the store fails
     */
    public function check(string $key, int|string $lastKnown): ?array
    {
        if (is_string($lastKnown)) {
            return $this->read($key, $lastKnown, 1)[0] ?? null;
        }
        $newest = Store::instance()->newest($key);

        return $newest !== null && (int)$newest['time'] > $lastKnown ? $this->found($key, $newest, false) : null;
    }

    /**
     * Events of a key, as check() answers them.
     *
     * @param string $key The key.
     * @param string|null $after The id of the last one that isn't wanted.
     * @param int $limit How many.
     * @return list<array{time: int, data: mixed, id: string, gap?: true}>
     * @throws \InvalidArgumentException for a key, id or limit that can't be used
     * @throws \Sse\StoreException when the store fails
     */
    public function read(string $key, ?string $after, int $limit): array
    {
        $found = [];
        foreach (Store::instance()->events($key, $after, $limit) as $event) {
            $found[] = $this->found($key, $event, $event['gap']);
        }

        return $found;
    }

    /**
     * @param string $key The key.
     * @param array{id: string, time: float, data: mixed, external: bool, gap: bool} $event The event.
     * @param bool $isGap Whether events before it are gone.
     * @return array{time: int, data: mixed, id: string, gap?: true}
     */
    private function found(string $key, array $event, bool $isGap): array
    {
        $payload = $this->payload($key, $event);
        $found = ['time' => (int)$event['time'], 'data' => $payload[0] ?? null, 'id' => $event['id']];

        return $isGap || $payload === null ? $found + ['gap' => true] : $found;
    }

    /**
     * check() with a time, where a signal of the application's own says what was changed.
     *
     * @param \Sse\Service\Signal\SignalStrategyInterface $signal The signal.
     * @param string $key The key.
     * @param int $lastKnown The time.
     * @param \Closure(): (array{mixed}|null) $payload Fetches the newest payload, in a list; null if it is gone.
     * @return array{time: int, data: mixed, id: string, gap?: true}|null
     * @throws \Sse\StoreException when the store fails
     */
    protected function changed(SignalStrategyInterface $signal, string $key, int $lastKnown, Closure $payload): ?array
    {
        $modified = $signal->getLastModified($key);
        if ($modified <= $lastKnown) {
            return null;
        }
        $found = $payload();
        $answer = [
            'time' => $modified,
            'data' => $found[0] ?? null,
            'id' => Store::instance()->newest($key)['id'] ?? '0-0',
        ];

        return $found === null ? $answer + ['gap' => true] : $answer;
    }

    /**
     * Says what is wrong with a payload, as the extension would where it gets to see it.
     *
     * @param mixed $payload The payload.
     * @return string the payload as JSON
     * @throws \InvalidArgumentException
     */
    protected function assertSendable(mixed $payload): string
    {
        $json = json_encode($payload);
        if ($json === false) {
            throw new InvalidArgumentException(sprintf(
                'the payload can\'t be encoded as JSON: %s; push arrays, scalars, UTF-8 strings or JsonSerializable'
                . ' objects',
                json_last_error_msg(),
            ));
        }
        $sent = is_array($payload) || is_object($payload) ? json_decode($json, true) : null;
        $name = is_array($sent) ? $sent['event'] ?? null : null;
        if (is_string($name) && preg_match('/[\r\n\0]/', $name)) {
            throw new InvalidArgumentException(sprintf(
                'the event name %s has a line break or NUL, which would forge lines on the wire; remove it',
                json_encode($name),
            ));
        }
        if (in_array($name, self::TAKEN_NAMES, true)) {
            throw new InvalidArgumentException(sprintf(
                'the event name "%s" means something else to clients, and a page would take this event for that; take'
                . ' another name',
                $name,
            ));
        }

        return $json;
    }

    /**
     * The payload of an event in the store, in a list; null if it is gone.
     *
     * @param string $key The key.
     * @param array{id: string, time: float, data: mixed, external: bool, gap: bool} $event The event.
     * @return array{mixed}|null
     */
    abstract protected function payload(string $key, array $event): ?array;
}
