<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * PHP's time limit, lifted while a stream runs; where a host doesn't allow that, the stream ends before it.
 */
final class TimeLimit
{
    /** Part of the limit that is left for the end of the script. */
    private const LEFT = 0.1;

    private function __construct(private int $limit, private bool $isLifted)
    {
    }

    /**
     * Lifts it, if it can be.
     */
    public static function lift(): self
    {
        $limit = (int)ini_get('max_execution_time');

        return new self($limit, System::attempt('set_time_limit', 0) || (int)ini_get('max_execution_time') === 0);
    }

    /**
     * When the stream has to end, by `Pace::now()`. The limit may count the time of the processor
     * only, and then it is early: nobody can tell.
     */
    public function ends(): float
    {
        if ($this->isLifted || $this->limit <= 0) {
            return INF;
        }
        $used = microtime(true) - (float)($_SERVER['REQUEST_TIME_FLOAT'] ?? microtime(true));

        return Pace::now() + max(0.0, $this->limit * (1 - self::LEFT) - $used);
    }

    /**
     * The limit counts anew from here.
     */
    public function restore(): void
    {
        if ($this->isLifted && $this->limit > 0) {
            System::attempt('set_time_limit', $this->limit);
        }
    }
}
