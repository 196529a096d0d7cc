<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Numbers drawn at random, to spread over time what would otherwise come all at once.
 */
final class Jitter
{
    /**
     * A number drawn from a range.
     *
     * @param array{int, int} $range
     */
    public static function draw(array $range): int
    {
        return mt_rand(...$range);
    }

    /**
     * A duration drawn from 80 to 100 % of the longest, in seconds.
     */
    public static function shortened(float $longest): float
    {
        return $longest * self::draw([800, 1_000]) / 1_000;
    }
}
