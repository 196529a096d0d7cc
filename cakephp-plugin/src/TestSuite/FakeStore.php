<?php
declare(strict_types=1);

namespace Sse\TestSuite;

use InvalidArgumentException;
use JsonException;
use Sse\Service\Store;

/**
 * A store for one test, in memory, for PHP that has neither the extension nor its twin in plain PHP.
 *
 * What an application pushes is remembered, and its streams send what they would with the extension: the same events,
 * names and data, through the same closures. Retention, limits and what is wrong with an option are the extension's.
 *
 * @internal
 * @phpstan-import-type Entry from \Sse\Service\Store
 */
final class FakeStore extends Store
{
    /**
     * By key, the events in order.
     *
     * @var array<string, list<Entry>>
     */
    private array $events = [];

    /**
     * By id, what an event's data was as JSON: its objects are still objects.
     *
     * @var array<string, string>
     */
    private array $json = [];

    public function __construct()
    {
    }

    public function isShared(): bool
    {
        return false;
    }

    public function encode(mixed $payload): string
    {
        try {
            return json_encode($payload, JSON_THROW_ON_ERROR);
        } catch (JsonException $exception) {
            throw new InvalidArgumentException("the data can't be encoded as JSON: {$exception->getMessage()}");
        }
    }

    public function push(string $key, mixed $data, bool $external = false, ?string $after = null): ?string
    {
        $this->assertKeys([$key]);
        $newest = array_slice($this->events[$key] ?? [], -1)[0]['id'] ?? '0-0';
        if ($after !== null && $after !== $newest) {
            return null;
        }
        $json = $this->encode($data);
        $data = json_decode($json, true);
        $event = $external ? null : $this->nameIn($data);
        if (in_array($event, ['connected', 'sse-gap', 'error', 'open'], true)) {
            throw new InvalidArgumentException("the event name \"$event\" is taken; choose another");
        }
        $time = microtime(true);
        $id = sprintf('%d-%d', $time * 1000, count($this->json));
        $this->json[$id] = $json;
        $this->events[$key][] = compact('id', 'time', 'event', 'data', 'external') + ['gap' => false];

        return $id;
    }

    public function read(string $key, ?string $after, int $limit): array
    {
        $this->assertKeys([$key]);
        $events = array_slice($this->events[$key] ?? [], $this->placeBehind($key, $after));

        return $limit < 0 ? array_slice($events, $limit) : array_slice($events, 0, $limit);
    }

    public function cursor(array|string $keys): string
    {
        $this->assertKeys((array)$keys);

        $counts = array_map(fn(string $key): int => count($this->events[$key] ?? []), $this->byKey($keys));

        return $this->cursorOf($counts);
    }

    public function status(): array
    {
        return [
            'version' => 'fake',
            'tier' => 'worker',
            'why' => 'a test without the extension',
            'engine' => 'file',
            'store' => 'a test\'s memory',
            'problem' => null,
            'signal' => 'poll',
            'signal_why' => null,
            'hub' => null,
        ];
    }

    public function check(array $keys, array $options): void
    {
        $this->assertKeys($keys);
    }

    /**
     * What a client would get: what is there when it connects, then what one round of `onLoop` brings.
     */
    public function stream(array $keys, array $options): string
    {
        $places = $this->placesOf($keys, $options);
        $frames = ($options['connected'] ?? true) === false ? '' : $this->frame('connected', '{}', $places);
        $frames .= $this->pending($places, $options);
        if (isset($options['onLoop'])) {
            ob_start();
            $options['onLoop']();
            ob_end_clean();
        }

        return $frames . $this->pending($places, $options);
    }

    /**
     * There is nothing to remove: it goes with the test.
     */
    public function remove(): void
    {
    }

    /**
     * The frames of what lies behind some places, which move on.
     *
     * @param array<string, int> $places
     * @param array<string, mixed> $options
     */
    private function pending(array &$places, array $options): string
    {
        $waiting = [];
        foreach ($places as $key => $place) {
            foreach (array_slice($this->events[$key] ?? [], $place) as $event) {
                $waiting[] = [(int)explode('-', $event['id'])[1], $key, $event];
            }
        }
        usort($waiting, fn(array $one, array $other): int => $one[0] <=> $other[0]);
        $frames = '';
        foreach ($waiting as [, $key, $event]) {
            $places[$key]++;
            ob_start();
            $payload = match (true) {
                $event['external'] => $options['fetch']($event['data']) ?? null,
                isset($options['beforeSend']) => [$event['data']],
                default => [json_decode($this->json[$event['id']])],
            };
            if ($payload !== null && isset($options['beforeSend'])) {
                $payload = [$options['beforeSend']($payload[0])];
            }
            ob_end_clean();
            if ($payload === null) {
                $frames .= $this->frame('sse-gap', $this->encode(['keys' => [$key]]), $places);
            } elseif ($payload[0] || !isset($options['beforeSend'])) {
                $frames .= $this->frameOf($payload[0], (string)($options['eventName'] ?? 'message'), $places);
            }
        }

        return $frames;
    }

    /**
     * @param array<string, int> $places
     */
    private function frameOf(mixed $payload, string $eventName, array $places): string
    {
        $data = json_decode($this->encode($payload));
        $name = $this->nameIn(json_decode($this->encode($payload), true));
        if ($name !== null) {
            unset($data->event);
        }

        return $this->frame($name ?? $eventName, $this->encode($data), $places);
    }

    /**
     * @param array<string, int> $places
     */
    private function frame(string $name, string $data, array $places): string
    {
        return "id: {$this->cursorOf($places)}\nevent: $name\ndata: $data\n\n";
    }

    /**
     * Where a stream begins in each of its keys.
     *
     * @param list<string> $keys
     * @param array<string, mixed> $options
     * @return array<string, int>
     */
    private function placesOf(array $keys, array $options): array
    {
        $last = $options['lastEventId'] ?? null;
        $known = is_string($last) ? json_decode((string)base64_decode(strtr($last, '-_', '+/'), true), true) : null;
        $replay = $options['replay'] ?? 'last';
        $count = match (true) {
            $replay === 'last' => 1,
            $replay === 'none' => 0,
            $replay === 'all' => PHP_INT_MAX,
            default => (int)$replay,
        };
        $places = [];
        foreach (array_keys($this->byKey($keys)) as $key) {
            $isId = count($keys) === 1 && in_array($last, array_column($this->events[$key] ?? [], 'id'), true);
            $places[$key] = match (true) {
                $isId => $this->placeBehind($key, $last),
                is_array($known) && isset($known[$key]) => (int)$known[$key],
                default => max(0, count($this->events[$key] ?? []) - $count),
            };
        }

        return $places;
    }

    /**
     * @param list<string>|string $keys
     * @return array<string, string> each key under itself
     */
    private function byKey(array|string $keys): array
    {
        return array_combine((array)$keys, (array)$keys);
    }

    private function placeBehind(string $key, ?string $id): int
    {
        $found = array_search($id, array_column($this->events[$key] ?? [], 'id'), true);

        return $id === null || $found === false ? 0 : $found + 1;
    }

    /**
     * @param array<string, int> $places
     */
    private function cursorOf(array $places): string
    {
        return rtrim(strtr(base64_encode((string)json_encode($places)), '+/', '-_'), '=');
    }

    private function nameIn(mixed $data): ?string
    {
        $name = is_array($data) ? $data['event'] ?? null : null;

        return is_string($name) && $name !== '' ? $name : null;
    }

    /**
     * @param array<string> $keys
     */
    private function assertKeys(array $keys): void
    {
        foreach ($keys as $key) {
            if ($key === '' || strlen($key) > 1024 || str_contains($key, "\0")) {
                throw new InvalidArgumentException('a key is 1 to 1024 bytes without NUL: ' . self::quoted($key));
            }
        }
    }
}
