<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The name of a stream: any bytes but NUL, 1 to 1,024 of them. Compared byte by byte.
 */
final class Key
{
    /** Keys one stream may follow. */
    public const MAX_KEYS = 64;

    /** Longest key, in bytes. */
    public const MAX_BYTES = 1_024;

    private function __construct(public readonly string $bytes)
    {
    }

    /**
     * Checks the bytes once; whatever holds a `Key` need not.
     *
     * @throws \Sse\Polyfill\Failure for a key that can't be used
     */
    public static function of(string $bytes): self
    {
        if ($bytes === '') {
            throw Failure::argument('a key must not be empty; name the stream, for example "USER_QUEUE_1"');
        }
        $length = strlen($bytes);
        if ($length > self::MAX_BYTES) {
            throw Failure::argument(sprintf(
                'a key is at most %d bytes, this one has %d; use a hash of it',
                self::MAX_BYTES,
                $length,
            ));
        }
        $at = strpos($bytes, "\0");
        if ($at !== false) {
            throw Failure::argument("a key must not contain a NUL byte, this one does at byte $at");
        }

        return new self($bytes);
    }

    /**
     * The keys of one stream: each once, in the order that they were first named.
     *
     * @param array<self> $keys
     * @return non-empty-list<self>
     * @throws \Sse\Polyfill\Failure for none and too many
     */
    public static function distinct(array $keys): array
    {
        $distinct = [];
        foreach ($keys as $key) {
            $distinct["k$key->bytes"] ??= $key;
        }
        if (count($distinct) > self::MAX_KEYS) {
            throw Failure::argument(sprintf(
                'a stream follows at most %d different keys, this one names more; '
                . 'open a second stream or push to a shared key',
                self::MAX_KEYS,
            ));
        }

        return array_values($distinct) ?: throw Failure::argument('a stream needs at least one key');
    }

    /**
     * SHA-256 of the bytes: file names and cursors take theirs from it.
     */
    public function digest(): string
    {
        return hash('sha256', $this->bytes, true);
    }

    /**
     * For messages and logs.
     */
    public function shown(): string
    {
        return '"' . Printable::of($this->bytes) . '"';
    }

    /**
     * Several keys, for messages and logs.
     *
     * @param array<self> $keys
     */
    public static function names(array $keys): string
    {
        $shown = array_map(static fn(self $key): string => $key->shown(), $keys);

        return (count($shown) === 1 ? 'key ' : 'keys ') . implode(', ', $shown);
    }
}
