<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use Closure;
use Sse\Service\Payload\OrderedPayloadStrategyInterface;

/**
 * All payloads of each key, in memory.
 */
class OrderedPayloads implements OrderedPayloadStrategyInterface
{
    /**
     * @var array<string, array<int, mixed>>
     */
    public static array $payloads = [];

    /**
     * What happens as soon as one is kept, once.
     */
    public static ?Closure $appended = null;

    public function append(string $key, mixed $data): ?string
    {
        self::$payloads[$key][] = $data;
        $reference = (string)array_key_last(self::$payloads[$key]);
        [$appended, self::$appended] = [self::$appended, null];
        if ($appended !== null) {
            $appended();
        }

        return $reference;
    }

    public function find(string $key, string $reference): ?array
    {
        return array_key_exists($reference, self::$payloads[$key] ?? []) ? [self::$payloads[$key][$reference]] : null;
    }

    public function after(string $key, ?string $reference): ?array
    {
        $next = $reference === null ? 0 : (int)$reference + 1;

        return array_map(strval(...), array_slice(array_keys(self::$payloads[$key] ?? []), $next));
    }

    public function store(string $key, mixed $data): bool
    {
        return $this->append($key, $data) !== null;
    }

    public function fetch(string $key): mixed
    {
        $all = self::$payloads[$key] ?? [];

        return end($all) ?: null;
    }
}
