<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * What the bytes after the last LF of a log are.
 */
enum Tail
{
    /** The whole line, but for its LF: the event is complete. */
    case Whole;
    /** A line whose writer was stopped; nobody was told that it is stored. */
    case Torn;
    /** Bytes that no writer leaves. */
    case Damaged;
}
