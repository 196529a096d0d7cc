<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * A position in one or several keys, as a client sent it back in `Last-Event-ID`.
 *
 *     byte 0      version (4 bits), salt (4 bits)
 *     1..5        the store's epoch
 *     per key     tag (3 bytes), milliseconds (6 bytes), sequence (LEB128), ordered by tag
 *     last 3      check: the lower 24 bits of the CRC-32 of all before
 *
 * as unpadded base64url. Text is read strictly: what we would not have written counts as no cursor.
 */
final class Cursor
{
    public const VERSION = 1;

    private const HEAD = 5;
    private const CHECK = 3;

    /** Longest text that is looked at: 64 keys with the longest sequences. */
    private const MAX_TEXT = 2_048;

    /**
     * @param int $epoch the store it was written for
     * @param int $salt which bytes of the hashes the tags are
     * @param array<string, \Sse\Polyfill\EventId> $entries positions by tag
     */
    private function __construct(public readonly int $epoch, private int $salt, private array $entries)
    {
    }

    /**
     * Reads a text; null is "no cursor", never an error for the client.
     */
    public static function read(string $text): ?self
    {
        if (strlen($text) > self::MAX_TEXT || preg_match('/\A[A-Za-z0-9_-]+\z/', $text) !== 1) {
            return null;
        }
        $bytes = base64_decode(strtr($text, '-_', '+/'), true);
        if ($bytes === false || strlen($bytes) < self::HEAD + self::CHECK || self::encoded($bytes) !== $text) {
            return null;
        }
        $body = substr($bytes, 0, -self::CHECK);
        if (ord($body[0]) >> 4 !== self::VERSION || substr($bytes, -self::CHECK) !== self::check($body)) {
            return null;
        }
        $entries = self::entries($body);

        return $entries === null ? null : new self(self::number(substr($body, 1, 4)), ord($body[0]) & 0xf, $entries);
    }

    /**
     * The position of each of these keys, null for one that the cursor doesn't know. Where two of them share a tag the
     * position can't be told apart: both get the one before every event, a gap.
     *
     * @param list<\Sse\Polyfill\Key> $keys
     * @return list<\Sse\Polyfill\EventId|null>
     */
    public function positions(array $keys): array
    {
        $tags = array_map(fn(Key $key): string => Tags::tag($key, $this->salt), $keys);
        $times = array_count_values(array_map(bin2hex(...), $tags));
        $position = function (string $tag) use ($times): ?EventId {
            $found = $this->entries["t$tag"] ?? null;

            return $found !== null && $times[bin2hex($tag)] > 1 ? EventId::zero() : $found;
        };

        return array_map($position, $tags);
    }

    /**
     * The check behind these bytes. Half of it would miss one-character changes in cursors of five keys and more.
     */
    public static function check(string $bytes): string
    {
        return substr(hash('crc32b', $bytes, true), 1);
    }

    private static function encoded(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }

    /**
     * @return array<string, \Sse\Polyfill\EventId>|null
     */
    private static function entries(string $body): ?array
    {
        $entries = [];
        $before = '';
        $at = self::HEAD;
        $length = strlen($body);
        while ($at < $length) {
            $tag = substr($body, $at, 3);
            $millis = substr($body, $at + 3, 6);
            $at += 9;
            $sequence = self::leb128($body, $at);
            if (strlen($millis) !== 6 || $sequence === null || strcmp($before, $tag) >= 0 && $entries !== []) {
                return null;
            }
            // A tag of digits would become a number.
            $entries["t$tag"] = new EventId(self::number($millis), $sequence);
            $before = $tag;
        }

        return $entries;
    }

    /**
     * A number in its shortest form; `at` is moved behind it.
     */
    private static function leb128(string $bytes, int &$at): ?int
    {
        $number = 0;
        for ($shift = 0; $shift < 63; $shift += 7) {
            if (!isset($bytes[$at])) {
                return null;
            }
            $byte = ord($bytes[$at++]);
            $number |= ($byte & 0x7f) << $shift;
            if (($byte & 0x80) === 0) {
                return $byte !== 0 || $shift === 0 ? $number : null;
            }
        }

        return null;
    }

    /**
     * A number, its highest byte first.
     */
    private static function number(string $bytes): int
    {
        return (int)hexdec(bin2hex($bytes));
    }
}
