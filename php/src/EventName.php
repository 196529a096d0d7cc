<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * An event's name: UTF-8, not empty, without CR, LF or NUL, which would forge lines on the wire, and none that means
 * something else to clients.
 */
final class EventName
{
    /** Bytes that a name may have. */
    public const MAX_BYTES = 64 << 10;

    /** Names that clients know as something else: what it is, and a name that could be taken instead. */
    private const TAKEN = [
        'error' => ["EventSource's own, for a connection that is lost", 'failure'],
        'open' => ["EventSource's own, for a connection that is there", 'opened'],
        Frame::CONNECTED => ['the one that a stream begins with', 'online'],
        Frame::GAP => ['the one that tells of missing events', 'gap'],
    ];

    /**
     * Checks the name of an event that is new.
     *
     * @throws \Sse\Polyfill\Failure for a name that can't be used
     */
    public static function checked(string $name): string
    {
        self::stored($name);
        [$meaning, $other] = self::TAKEN[$name] ?? [null, null];
        if ($meaning !== null) {
            throw Failure::argument(
                "the event name \"$name\" is $meaning, and a page would take this event for it; "
                . "take another name, such as \"$other\"",
            );
        }

        return $name;
    }

    /**
     * Checks the name of an event that is in a store: an earlier version may have taken it.
     *
     * @throws \Sse\Polyfill\Failure for a name that can't be on the wire
     */
    public static function stored(string $name): string
    {
        $length = strlen($name);
        if ($length > self::MAX_BYTES) {
            throw Failure::argument(sprintf(
                'an event name is at most %d bytes, this one has %d; put what is long into the data',
                self::MAX_BYTES,
                $length,
            ));
        }
        if (!Printable::isUtf8($name)) {
            throw Failure::argument(sprintf(
                'the event name "%s" is not valid UTF-8, which an event stream must be',
                Printable::of($name),
            ));
        }
        if ($name === '') {
            throw Failure::argument(
                "an event name must not be empty; leave it out (null) for the stream's eventName",
            );
        }
        $at = strcspn($name, "\r\n\0");
        if ($at < $length) {
            throw Failure::argument(sprintf(
                'the event name "%s" has a line break or NUL at byte %d, which would forge lines on the wire; '
                . 'remove it',
                Printable::of($name),
                $at,
            ));
        }

        return $name;
    }
}
