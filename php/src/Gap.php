<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Events after `from` up to `to` are gone: dropped by retention, damaged, or of a store that is no more. Reading goes on
 * behind `to`. Where the extent isn't known, `to` equals `from`.
 */
final class Gap
{
    public function __construct(public readonly EventId $from, public readonly EventId $to)
    {
    }

    /**
     * Where reading goes on behind it.
     */
    public function end(): EventId
    {
        return $this->to;
    }
}
