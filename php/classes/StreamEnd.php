<?php
declare(strict_types=1);

namespace Sse;

/**
 * Why a stream ended. In each case but `ClientLeft` the client connects again and resumes.
 */
enum StreamEnd: string
{
    /** The client closed the connection. */
    case ClientLeft = 'client-left';
    /** Its lifetime is over. */
    case Lifetime = 'lifetime';
    /** The server stops. */
    case Shutdown = 'shutdown';
    /** The hub has the client now, and streams to it; never without the extension. */
    case HandedOff = 'handed-off';
    /** A HEAD request: only headers were sent. */
    case Head = 'head';
    /** No place of `sse.worker_streams` is free: the client is to come back in 3 to 15 s. */
    case Full = 'full';
    /** The hub had asked for what was due, and has it now; never without the extension. */
    case Recalled = 'recalled';
    /** The store failed; the reason is in PHP's error log. */
    case Failed = 'failed';
    /** All that was there is sent, and the option `follow` is false. */
    case CaughtUp = 'caught-up';
}
