<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * What becomes of an event that isn't sent.
 */
enum Withheld
{
    /** The application filtered it, or failed at it. */
    case Skipped;
    /** Its payload is gone: a gap. */
    case Gone;
}
