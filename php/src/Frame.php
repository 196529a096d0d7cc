<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The bytes of one event on the wire (WHATWG HTML, "Server-sent events"): lines end in LF, one blank line ends an event.
 * Never a frame with an id and no data, nor a name or id with a line end.
 */
final class Frame
{
    /** What a stream starts with. */
    public const CONNECTED = 'connected';

    /** What tells that events were dropped before the client got them. */
    public const GAP = 'sse-gap';

    /** Keeps proxies from closing a quiet connection; clients ignore it. */
    public const HEARTBEAT = ": heartbeat\n\n";

    /** Bytes of a frame before its id. */
    public const BEFORE_ID = 4;

    /**
     * One event.
     */
    public static function event(string $id, string $name, string $data): string
    {
        // CR, LF and CRLF end a line each. JSON has none, but a log written by hand may.
        if (strcspn($data, "\r\n") < strlen($data)) {
            $data = str_replace(["\r\n", "\r", "\n"], ["\n", "\n", "\ndata: "], $data);
        }

        return "id: $id\nevent: $name\ndata: $data\n\n";
    }

    /**
     * The client's pause before it connects again; it stands before a frame or a comment, never alone.
     */
    public static function retry(int $millis): string
    {
        return "retry: $millis\n";
    }

    /**
     * A comment, in whose company `retry` may stand.
     */
    public static function comment(string $text): string
    {
        return ": $text\n\n";
    }

    /**
     * The first event of a stream; `time` is the local time of day, `H:i:s`.
     */
    public static function connected(string $id, string $time): string
    {
        return self::event($id, self::CONNECTED, "{\"time\": \"$time\"}");
    }

    /**
     * A told gap.
     *
     * @param array<\Sse\Polyfill\Key> $keys
     */
    public static function gap(string $id, array $keys, Gap $gap): string
    {
        return self::event($id, self::GAP, self::gapJson($keys, $gap));
    }

    /**
     * The data of a told gap. Keys that aren't UTF-8 are shown with replacement characters.
     *
     * @param array<\Sse\Polyfill\Key> $keys
     */
    public static function gapJson(array $keys, Gap $gap): string
    {
        $names = array_map(static fn(Key $key): string => Printable::utf8($key->bytes), array_values($keys));
        $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS;

        return sprintf(
            '{"keys":%s,"from":"%s","to":"%s"}',
            json_encode($names, $flags),
            $gap->from->text(),
            $gap->to->text(),
        );
    }
}
