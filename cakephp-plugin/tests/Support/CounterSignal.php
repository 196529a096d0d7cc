<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use Closure;
use Sse\Service\Signal\SignalStrategyInterface;

/**
 * A counter for each key, in memory.
 */
class CounterSignal implements SignalStrategyInterface
{
    /**
     * @var array<string, int>
     */
    public static array $counters = [];

    /**
     * What happens as soon as one is touched, if anything does.
     */
    public static ?Closure $touched = null;

    public function touch(string $key): void
    {
        self::$counters[$key] = (self::$counters[$key] ?? 0) + 1;
        if (self::$touched !== null) {
            (self::$touched)();
        }
    }

    public function getLastModified(string $key): int
    {
        return self::$counters[$key] ?? 0;
    }
}
