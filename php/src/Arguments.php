<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * What the functions are given, read with the extension's words.
 */
final class Arguments
{
    /**
     * One key, or a list of them, each once.
     *
     * @return non-empty-list<\Sse\Polyfill\Key>
     * @throws \Sse\Polyfill\Failure
     */
    public static function keys(mixed $argument): array
    {
        if (!is_array($argument)) {
            return [self::key($argument, 'keys', 'a string or a list of strings')];
        }

        return Key::distinct(array_map(
            static fn(mixed $value): Key => self::key($value, 'keys', 'a list of strings'),
            $argument,
        ));
    }

    /**
     * One key. Numbers count as strings, as everywhere in PHP.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function key(mixed $argument, string $name = 'key', string $expected = 'a string'): Key
    {
        return Key::of(self::text($argument, $name, $expected));
    }

    /**
     * A string, or null.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function optionalText(mixed $argument, string $name): ?string
    {
        return $argument === null ? null : self::text($argument, $name, 'a string or null');
    }

    /**
     * An event's name, or null.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function eventName(mixed $argument): ?string
    {
        $name = self::optionalText($argument, 'event');

        return $name === null ? null : EventName::checked($name);
    }

    /**
     * An event's id, or null.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function id(mixed $argument, string $name): ?EventId
    {
        $text = self::optionalText($argument, $name);

        return $text === null ? null : EventId::parse($text) ?? throw Failure::invalidId($text)->of($name);
    }

    /**
     * How many events are wanted: the oldest, or of a negative number the newest.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function limit(mixed $argument): int
    {
        $text = Options::text($argument ?? 100);
        try {
            $limit = Values::whole(ltrim((string)$text, '-'), [1, 100_000]);

            return match (true) {
                !str_starts_with((string)$text, '-') => $limit,
                "-$limit" === $text => -$limit,
                default => throw new Expected(''),
            };
        } catch (Expected) {
            throw Failure::argument(sprintf(
                'limit must be a whole number from 1 to 100000, or from -1 to -100000 for the newest, %s given',
                $text === null ? Options::typeName($argument) : Printable::utf8($text),
            ));
        }
    }

    private static function text(mixed $argument, string $name, string $expected): string
    {
        return Options::text($argument)
            ?? throw Failure::type("$name must be $expected, " . Options::typeName($argument) . ' given');
    }
}
