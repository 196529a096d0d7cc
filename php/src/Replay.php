<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * What a client without a cursor gets first of each key: so many of the newest events, or all that is kept.
 */
final class Replay
{
    /**
     * @param int|null $newest how many, 0 for none; null for all
     */
    public function __construct(private ?int $newest)
    {
    }

    /**
     * Where reading begins.
     */
    public function start(): Start
    {
        return $this->newest === null ? Start::oldest() : Start::newest($this->newest);
    }
}
