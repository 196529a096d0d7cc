<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * What a stream says besides its events, and what the log is told of it: the same words whoever serves it.
 */
final class Voice
{
    /** As many streams are open as seem right. */
    public const NO_PLACE = 'no place is free, come back later';

    /** As many streams hold a worker as a setting allows. */
    public const NO_SLOT = 'no place is free; see sse.worker_streams';

    /** The store can't be had for now. */
    public const STORE_AWAY = "the store can't be had, come back later";

    /** The server ends. */
    public const ENDING = 'the server ends this stream, come back later';

    /** Milliseconds until clients come back that are to come later: spread, so that they don't come all at once. */
    private const LATER = [3_000, 15_000];

    /**
     * What a stream begins with: the client's next pause, and `connected`, unless the application wants none.
     *
     * @param array{int, int} $retry milliseconds from which the pause is drawn
     * @param string|null $connected the local time of day; null without `connected`
     */
    public static function greeting(array $retry, string $cursor, ?string $connected): string
    {
        return Frame::retry(Jitter::draw($retry))
            . ($connected === null ? Frame::comment('connected') : Frame::connected($cursor, $connected));
    }

    /**
     * What a stream ends with whose client is to come back later, and why: one of the reasons above.
     */
    public static function putOff(string $why): string
    {
        return Frame::retry(Jitter::draw(self::LATER)) . Frame::comment($why);
    }

    /**
     * A line for the log, of which is left to say who is told.
     *
     * @param list<\Sse\Polyfill\Key> $keys
     */
    public static function gapLine(array $keys, Gap $gap): string
    {
        return sprintf(
            'gap in %s: events after %s up to %s are gone',
            Key::names($keys),
            $gap->from->text(),
            $gap->to->text(),
        );
    }
}
