<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Closure;
use Sse\Service\Store;

/**
 * References in the store to the payloads of a key, which lie elsewhere.
 *
 * A reference is one of these, where `key` is a mark of the key, for streams of several:
 * - `{"reference": "…", "key": "…"}`: one payload;
 * - `{"value": "…", "key": "…"}`: the last value of a class was changed; the text tells one change from another.
 *
 * Always true: what is missing is added behind all that is there, by one of however many processes look for it.
 *
 * @internal
 * @phpstan-import-type Entry from \Sse\Service\Store
 */
final class ReferenceLog
{
    /**
     * As many events as are read at once.
     */
    private const ALL = 100_000;

    public function __construct(private readonly string $key)
    {
    }

    /**
     * What references to a key's payloads have in them.
     */
    public static function mark(string $key): string
    {
        return substr(hash('sha256', $key), 0, 16);
    }

    /**
     * Adds a reference, whatever is there.
     *
     * @param string|null $reference null for a change of the last value.
     */
    public function add(?string $reference): void
    {
        $this->append($reference, null);
    }

    /**
     * Adds references until none is missing.
     *
     * @param \Closure(string|null): iterable<string|null> $missing Answers what is missing behind the newest reference
     *   that is there, null if none is; asked anew where another process has added some meanwhile.
     */
    public function extend(Closure $missing): void
    {
        $contention = new Contention('add what is new in the key ' . Store::quoted($this->key));
        while (!$this->addMissing($missing)) {
            $contention->makeWay();
        }
    }

    /**
     * The id of the last event; '0-0' if there is none.
     */
    public function end(): string
    {
        return self::last(Store::instance()->read($this->key, null, -1));
    }

    /**
     * The references behind an event that are there.
     *
     * @return list<string>
     */
    public function after(string $id = '0-0'): array
    {
        return self::references(Store::instance()->read($this->key, $id === '0-0' ? null : $id, self::ALL));
    }

    /**
     * Whether a change of the last value has another one behind it, which has the same value to send.
     */
    public function isFollowed(string $change): bool
    {
        $newest = Store::instance()->newest($this->key);
        $last = $newest !== null && $newest['external'] ? $newest['data']['value'] ?? $change : $change;

        return $last !== $change;
    }

    /**
     * @param \Closure(string|null): iterable<string|null> $missing
     * @return bool false if another process was faster
     */
    private function addMissing(Closure $missing): bool
    {
        $entries = Store::instance()->read($this->key, null, -1);
        if ($entries !== [] && self::references($entries) === []) {
            // A change of the last value, or an event of another engine. The newest reference lies further back.
            $entries = Store::instance()->read($this->key, null, -self::ALL);
        }
        $references = self::references($entries);
        // Behind a damaged end no id is that of the last event.
        $last = $entries !== [] && end($entries)['gap'] ? null : self::last($entries);
        foreach ($missing($references === [] ? null : end($references)) as $reference) {
            $last = $this->append($reference, $last);
            if ($last === null) {
                return false;
            }
        }

        return true;
    }

    private function append(?string $reference, ?string $after): ?string
    {
        $data = $reference === null ? ['value' => bin2hex(random_bytes(8))] : compact('reference');

        return Store::instance()->push($this->key, $data + ['key' => self::mark($this->key)], true, $after);
    }

    /**
     * @param list<Entry> $entries
     */
    private static function last(array $entries): string
    {
        return $entries === [] ? '0-0' : end($entries)['id'];
    }

    /**
     * @param list<Entry> $entries
     * @return list<string>
     */
    private static function references(array $entries): array
    {
        $external = array_filter($entries, fn(array $entry): bool => $entry['external'] && !$entry['gap']);

        return array_column(array_column($external, 'data'), 'reference');
    }
}
