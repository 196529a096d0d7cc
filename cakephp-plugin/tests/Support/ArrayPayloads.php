<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use Sse\Service\Payload\PayloadStrategyInterface;

/**
 * The last value of each key, in memory.
 */
class ArrayPayloads implements PayloadStrategyInterface
{
    /**
     * @var array<string, mixed>
     */
    public static array $values = [];

    public static bool $fails = false;

    public static int $fetches = 0;

    public function store(string $key, mixed $data): bool
    {
        if (self::$fails) {
            return false;
        }
        self::$values[$key] = $data;

        return true;
    }

    public function fetch(string $key): mixed
    {
        self::$fetches++;

        return self::$values[$key] ?? null;
    }

    public static function reset(): void
    {
        self::$values = [];
        self::$fails = false;
        self::$fetches = 0;
    }
}
