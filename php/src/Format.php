<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The bytes of a log: one file a key, one line an event, readable with `tail -f`.
 *
 *     sse-log 1 <epoch> <trimmed_through> <last_id> <key> <crc32>\n
 *     <id> <flags> <length> <crc32> <json>\n
 *
 * - `epoch`: 8 hex digits, that of the store; `key`: percent-encoded;
 * - `trimmed_through`: the last id that was dropped; `last_id`: the last id when the file was made;
 * - `flags`: `-`, or, joined by commas, `n=<name>` (percent-encoded), `c=<offset>+<length>` (the bytes of the JSON that
 *   are left out on the wire), `x` (external: the JSON is a reference) and `t=<milliseconds since 1970>` (when it was
 *   stored, where the id's milliseconds are more than a second away);
 * - `length`: bytes of the JSON;
 * - `crc32`: 8 hex digits, PHP's `crc32b`, over the line without the checksum and the space before it.
 *
 * The extension writes and reads the same bytes (`crates/sse-core/src/store/file/format.rs`).
 */
final class Format
{
    /** The format we write and the newest we read. */
    public const FORMAT = 1;

    /** A header line is never longer. */
    public const MAX_HEADER = 4_096;

    /** What stands before an event's JSON is never longer: three bytes for each byte of a name, and the rest. */
    public const MAX_HEAD = 3 * EventName::MAX_BYTES + 1_024;

    /** Bytes of JSON that `sse.max_payload` may allow an event. What is longer is damage. */
    public const MAX_JSON = 64 << 20;

    private const MAGIC = 'sse-log ';

    /**
     * The header's line, with its LF.
     */
    public static function writeHeader(Header $header): string
    {
        return self::summed(sprintf(
            'sse-log %d %08x %s %s %s',
            self::FORMAT,
            $header->epoch,
            $header->trimmedThrough->text(),
            $header->lastId->text(),
            rawurlencode($header->key->bytes),
        )) . "\n";
    }

    /**
     * Reads the header from the first bytes of a file: what the line is (a header, the number of a later format, or
     * null for damage), and the offset where the events begin, as far as one can tell.
     *
     * @return array{\Sse\Polyfill\Header|int|null, int}
     */
    public static function readHeader(string $bytes): array
    {
        $end = strpos($bytes, "\n");
        if ($end === false) {
            return [null, 0];
        }
        $line = substr($bytes, 0, $end);
        $header = self::header($line);

        // A log whose header was cut out begins with an event.
        return [$header, $header === null && self::readLine($line) !== null ? 0 : $end + 1];
    }

    /**
     * The line of an event that is stored at `nowMillis`, with its LF.
     */
    public static function writeLine(EventId $id, int $nowMillis, Draft $draft): string
    {
        $flags = [];
        if ($draft->name !== null) {
            $flags[] = 'n=' . rawurlencode($draft->name);
        }
        if ($draft->cut !== null) {
            $flags[] = "c={$draft->cut[0]}+{$draft->cut[1]}";
        }
        if ($draft->external) {
            $flags[] = 'x';
        }
        $time = $id->timeApart($nowMillis);
        if ($time !== null) {
            $flags[] = "t=$time";
        }
        $head = sprintf('%s %s %d', $id->text(), implode(',', $flags) ?: '-', strlen($draft->json));

        return "$head " . hash('crc32b', "$head $draft->json") . " $draft->json\n";
    }

    /**
     * Reads a line (without its LF); null is damage.
     */
    public static function readLine(string $line): ?Line
    {
        $fields = explode(' ', $line, 5);
        if (count($fields) !== 5) {
            return null;
        }
        [$id, $flags, $length, $crc, $json] = $fields;
        $head = substr($line, 0, strlen($line) - strlen($json) - 10);
        if (
            (string)strlen($json) !== $length
            || hash('crc32b', "$head $json") !== $crc
        ) {
            return null;
        }
        $id = EventId::parse($id);

        return $id === null ? null : new Line($id, $flags, $json);
    }

    /**
     * How long a line that begins so can be at most, without its LF: its head tells. 0 if it can't be a line.
     */
    public static function most(string $begun): int
    {
        $head = substr($begun, 0, self::MAX_HEAD);
        $fields = explode(' ', $head, 5);
        if (count($fields) === 5) {
            $length = EventId::number($fields[2]);

            return $length !== null && $length <= self::MAX_JSON
                ? strlen($head) - strlen($fields[4]) + $length
                : 0;
        }

        return strlen($head) < self::MAX_HEAD ? self::MAX_HEAD + self::MAX_JSON : 0;
    }

    /**
     * Looks at the bytes after the last LF; there is at least one.
     */
    public static function readTail(string $tail): Tail
    {
        if (self::readLine($tail) !== null) {
            return Tail::Whole;
        }
        if (strlen($tail) > self::most($tail)) {
            return Tail::Damaged;
        }
        $fields = explode(' ', $tail, 5);
        $begun = static fn(?string $field, string $allowed): bool
            => preg_match("/\\A[$allowed]*\\z/", $field ?? '') === 1;
        $length = EventId::number($fields[2] ?? '');
        $isShort = isset($fields[4])
            ? $length !== null && strlen($fields[4]) < $length
            : $begun($fields[2] ?? null, '0-9');

        return $begun($fields[0], '0-9-')
            && $begun($fields[1] ?? null, '\x21-\x7e')
            && $begun($fields[3] ?? null, '0-9A-Fa-f')
            && $isShort ? Tail::Torn : Tail::Damaged;
    }

    /**
     * A line with its checksum.
     */
    public static function summed(string $body): string
    {
        return "$body " . hash('crc32b', $body);
    }

    /**
     * A line without its checksum; null if that is wrong.
     */
    public static function unsummed(string $line): ?string
    {
        $at = strrpos($line, ' ');
        $body = substr($line, 0, (int)$at);

        return $at !== false && self::summed($body) === $line ? $body : null;
    }

    /**
     * An epoch as it is written: hex digits.
     */
    public static function hex(string $digits): ?int
    {
        return preg_match('/\A[0-9A-Fa-f]{1,8}\z/', $digits) === 1 ? (int)hexdec($digits) : null;
    }

    private static function header(string $line): Header|int|null
    {
        $body = Printable::isUtf8($line) ? self::unsummed($line) : null;
        if ($body === null || !str_starts_with($body, self::MAGIC)) {
            return null;
        }
        $fields = explode(' ', substr($body, strlen(self::MAGIC)));
        $format = EventId::number($fields[0]);
        if ($format === null || $format > self::FORMAT) {
            return $format;
        }
        if (count($fields) !== 5) {
            return null;
        }
        [$epoch, $trimmedThrough, $lastId] = [self::hex($fields[1]), EventId::parse($fields[2]), EventId::parse($fields[3])];
        if ($epoch === null || $trimmedThrough === null || $lastId === null) {
            return null;
        }
        try {
            return new Header($epoch, $trimmedThrough, $lastId, Key::of(rawurldecode($fields[4])));
        } catch (Failure) {
            return null;
        }
    }
}
