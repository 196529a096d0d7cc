<?php
declare(strict_types=1);

namespace Sse\Polyfill\Test\TestCase;

use RuntimeException;
use Sse\Polyfill\EventId;
use Sse\Polyfill\Key;

/**
 * The cases of tests/vectors/, which every implementation passes.
 */
final class Vectors
{
    /**
     * The rows of a table, by their names.
     *
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function rows(string $file, string $table): iterable
    {
        $text = file_get_contents(dirname(__DIR__, 3) . "/tests/vectors/$file");
        $tables = json_decode((string)$text, true, flags: JSON_THROW_ON_ERROR);
        foreach ($tables[$table] as $number => $row) {
            yield $number . ' ' . ($row['name'] ?? json_encode($row)) => [$row];
        }
    }

    /**
     * A column of bytes: text, or <name>_hex.
     *
     * @param array<string, mixed> $row
     */
    public static function bytes(array $row, string $name): string
    {
        return isset($row["{$name}_hex"]) ? (string)hex2bin($row["{$name}_hex"]) : $row[$name];
    }

    /**
     * The keys of a row.
     *
     * @param array<string, mixed> $row
     * @return list<\Sse\Polyfill\Key>
     */
    public static function keys(array $row): array
    {
        return array_map(Key::of(...), array_values($row['keys']));
    }

    /**
     * An id.
     */
    public static function id(string $text): EventId
    {
        return EventId::parse($text) ?? throw new RuntimeException("$text is no id");
    }
}
