<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Closure;

/**
 * Arrays of options, read strictly: an unknown name or a wrong value is a failure that says what would do. Null counts
 * as left out.
 */
final class Options
{
    /**
     * @param array<mixed> $options
     */
    private function __construct(private array $options)
    {
    }

    /**
     * Takes the options argument; every name must be one of these.
     *
     * @param non-empty-list<string> $known
     * @throws \Sse\Polyfill\Failure
     */
    public static function of(mixed $argument, array $known): self
    {
        if (!is_array($argument)) {
            throw Failure::type('options must be an array, ' . self::typeName($argument) . ' given');
        }
        foreach (array_keys($argument) as $name) {
            if (!in_array((string)$name, $known, true)) {
                throw self::unknown('option', (string)$name, $known);
            }
        }

        return new self($argument);
    }

    /**
     * An option's value.
     */
    public function get(string $name): mixed
    {
        return $this->options[$name] ?? null;
    }

    /**
     * An option that is a string.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function string(string $name): ?string
    {
        $value = $this->get($name);

        return $value === null || is_string($value) ? $value : throw self::wrong($name, $value, 'a string');
    }

    /**
     * An option that is true or false.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function switch(string $name): ?bool
    {
        $value = $this->get($name);

        return $value === null || is_bool($value) ? $value : throw self::wrong($name, $value, 'true or false');
    }

    /**
     * An option in seconds, whole or not.
     *
     * @param array{float, float} $range
     * @throws \Sse\Polyfill\Failure
     */
    public function seconds(string $name, array $range): ?float
    {
        return $this->read($name, static fn(string $text): float => Values::seconds($text, $range));
    }

    /**
     * An option in milliseconds, or a range of them.
     *
     * @return array{int, int}|null
     * @throws \Sse\Polyfill\Failure
     */
    public function retry(string $name): ?array
    {
        return $this->read($name, static fn(string $text): array => Values::retry($text, Settings::RETRIES));
    }

    /**
     * An option that can be called where the option was written: also a private method.
     *
     * @param class-string|null $scope the class of the code that passes it
     * @throws \Sse\Polyfill\Failure
     */
    public function callable(string $name, ?string $scope): ?Closure
    {
        $value = $this->get($name);
        if ($value === null || $value instanceof Closure) {
            return $value;
        }
        $find = static fn(mixed $value): ?Closure => is_callable($value) ? Closure::fromCallable($value) : null;
        $bound = $scope === null ? $find : Closure::bind($find, null, $scope) ?? $find;

        return $bound($value) ?? throw self::wrong($name, $value, 'a callable');
    }

    /**
     * The store's directory: that of `dsn`, else the one that is set.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function directory(): string
    {
        $value = $this->get('dsn');
        if ($value === null) {
            return Settings::directory();
        }
        try {
            $directory = Values::dsn(self::text($value) ?? '');
        } catch (Expected $expected) {
            $text = self::text($value);
            throw self::wrong(
                'dsn',
                $text === null ? $value : Values::shownDsn(Printable::utf8($text)),
                $expected->getMessage(),
            );
        }
        Settings::keepPathInside('option "dsn"', $directory);

        return $directory;
    }

    /**
     * A string, or what PHP takes for one: a number.
     */
    public static function text(mixed $value): ?string
    {
        return match (true) {
            is_string($value) => $value,
            is_int($value), is_float($value) => Values::number($value),
            default => null,
        };
    }

    /**
     * `unknown option "heartbeet"; did you mean "heartbeat"? Known are …`
     *
     * @param non-empty-list<string> $known
     */
    public static function unknown(string $kind, string $name, array $known): Failure
    {
        $distance = static fn(string $candidate): int => levenshtein(
            substr(strtolower($name), 0, 255),
            strtolower($candidate),
        );
        $distances = array_combine($known, array_map($distance, $known));
        $least = min($distances);
        $nearest = array_keys($distances, $least, true);
        sort($nearest);
        $hint = $least <= 1 + intdiv(strlen(Printable::utf8($name)), 3)
            ? "did you mean \"$nearest[0]\"? Known are"
            : 'known are';

        return Failure::argument(sprintf(
            'unknown %s "%s"; %s %s',
            $kind,
            Printable::of($name),
            $hint,
            implode(', ', $known),
        ));
    }

    /**
     * `option "retry" is null; it takes …`
     */
    public static function wrong(string $name, mixed $value, string $expected): Failure
    {
        return self::unusable("option \"$name\"", $value, $expected);
    }

    /**
     * `sse.retry is null; it takes …`
     */
    public static function unusable(string $subject, mixed $value, string $expected): Failure
    {
        $text = self::text($value);
        $shown = $text === null ? self::typeName($value) : '"' . Printable::of($text) . '"';

        return Failure::argument("$subject is $shown; it takes $expected");
    }

    /**
     * The type as PHP's own messages name it.
     */
    public static function typeName(mixed $value): string
    {
        return is_resource($value) ? 'resource' : get_debug_type($value);
    }

    /**
     * @template T
     * @param \Closure(string): T $read
     * @return T|null
     */
    private function read(string $name, Closure $read): mixed
    {
        $value = $this->get($name);
        try {
            return $value === null ? null : $read(self::text($value) ?? '');
        } catch (Expected $expected) {
            throw self::wrong($name, $value, $expected->getMessage());
        }
    }
}
