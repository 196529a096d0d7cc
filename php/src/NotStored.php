<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Why a log didn't take an event.
 */
enum NotStored
{
    /** Its path names another file by now: open it again. */
    case Replaced;
    /** Something was stored since the event that the new one should follow. */
    case NotLast;
}
