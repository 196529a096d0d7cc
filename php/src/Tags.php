<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The keys of one stream, made ready for writing cursors: a tag of three bytes for each, from its SHA-256. The salt picks
 * other bytes of it where two keys of one stream would share a tag.
 */
final class Tags
{
    private const LAST_SALT = 14;

    /**
     * @param int $salt which bytes of the hashes the tags are
     * @param array<int, string> $tags by the indexes of the keys, in the order of the tags
     */
    private function __construct(private int $salt, private array $tags)
    {
    }

    /**
     * Tags for keys, distinct within the set.
     *
     * @param list<\Sse\Polyfill\Key> $keys
     */
    public static function of(array $keys): self
    {
        for ($salt = 0;; $salt++) {
            $tags = array_map(static fn(Key $key): string => self::tag($key, $salt), $keys);
            if ($salt === self::LAST_SALT || count(array_unique($tags)) === count($tags)) {
                asort($tags, SORT_STRING);

                return new self($salt, $tags);
            }
        }
    }

    /**
     * A key's tag.
     */
    public static function tag(Key $key, int $salt): string
    {
        return substr($key->digest(), 2 * $salt, 3);
    }

    /**
     * The text of the cursor at these positions, one for each key in the order they were given.
     *
     * @param array<int, \Sse\Polyfill\EventId> $positions by the indexes of the keys
     */
    public function write(int $epoch, array $positions): string
    {
        $bytes = chr(Cursor::VERSION << 4 | $this->salt) . pack('N', $epoch);
        foreach ($this->tags as $index => $tag) {
            $position = $positions[$index];
            $bytes .= $tag . substr(pack('J', $position->millis), 2) . self::leb128($position->sequence);
        }

        return rtrim(strtr(base64_encode($bytes . Cursor::check($bytes)), '+/', '-_'), '=');
    }

    private static function leb128(int $number): string
    {
        $bytes = '';
        while ($number > 0x7f) {
            $bytes .= chr($number & 0x7f | 0x80);
            $number >>= 7;
        }

        return $bytes . chr($number);
    }
}
