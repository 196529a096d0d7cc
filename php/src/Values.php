<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Settings and options as they are written, read strictly. What can't be used throws what would do: the end of a
 * sentence that begins with "it takes".
 */
final class Values
{
    /** Schemes of the engines that only the extension has. */
    private const ENGINES = ['sqlite', 'redis', 'rediss', 'redis+unix'];

    /**
     * A duration in seconds, fractions allowed.
     *
     * @param array{float, float} $range
     * @throws \Sse\Polyfill\Expected
     */
    public static function seconds(string $text, array $range): float
    {
        $text = trim($text);
        [$least, $most] = $range;
        if (!is_numeric($text) || (float)$text < $least || (float)$text > $most) {
            throw new Expected(sprintf(
                'seconds from %s to %s, fractions allowed',
                self::number($least),
                self::number($most),
            ));
        }

        return (float)$text;
    }

    /**
     * A whole number.
     *
     * @param array{int, int} $range
     * @throws \Sse\Polyfill\Expected
     */
    public static function whole(string $text, array $range): int
    {
        return self::digits($text, $range) ?? throw new Expected("a whole number from $range[0] to $range[1]");
    }

    /**
     * Bytes as in php.ini: a number, or one with K, M or G.
     *
     * @param array{int, int} $range
     * @throws \Sse\Polyfill\Expected
     */
    public static function bytes(string $text, array $range): int
    {
        $text = trim($text);
        $unit = match (strtolower(substr($text, -1))) {
            'k' => 1 << 10,
            'm' => 1 << 20,
            'g' => 1 << 30,
            default => 1,
        };
        $number = self::digits($unit === 1 ? $text : substr($text, 0, -1), [0, intdiv($range[1], $unit)]);

        return $number !== null && $number * $unit >= $range[0]
            ? $number * $unit
            : throw new Expected("bytes from $range[0] to $range[1], also as 64K, 8M or 1G");
    }

    /**
     * Milliseconds, or a range of them from which each stream draws.
     *
     * @param array{int, int} $range
     * @return array{int, int}
     * @throws \Sse\Polyfill\Expected
     */
    public static function retry(string $text, array $range): array
    {
        [$from, $to] = explode('-', $text, 2) + [1 => $text];
        [$from, $to] = [self::digits($from, $range), self::digits($to, $range)];
        if ($from === null || $to === null || $from > $to) {
            throw new Expected("milliseconds from $range[0] to $range[1], or a range such as 1000-4000");
        }

        return [$from, $to];
    }

    /**
     * What PHP takes for on or off.
     *
     * @throws \Sse\Polyfill\Expected
     */
    public static function switch(string $text): bool
    {
        return match (strtolower($text)) {
            '', '0', 'off', 'no', 'false' => false,
            '1', 'on', 'yes', 'true' => true,
            default => throw new Expected('0 or 1'),
        };
    }

    /**
     * "auto", or what PHP takes for off.
     *
     * @throws \Sse\Polyfill\Expected
     */
    public static function auto(string $text): bool
    {
        return match (strtolower($text)) {
            'auto' => true,
            'off', '0', '' => false,
            default => throw new Expected('auto or off'),
        };
    }

    /**
     * How streams are woken.
     *
     * @throws \Sse\Polyfill\Expected
     */
    public static function signal(string $text): string
    {
        return in_array($text, ['auto', 'inotify', 'poll', 'notify'], true)
            ? $text
            : throw new Expected('auto, inotify, poll or notify');
    }

    /**
     * An absolute path.
     *
     * @throws \Sse\Polyfill\Expected
     */
    public static function directory(string $text): string
    {
        return self::isPath($text) ? $text : throw new Expected('an absolute path, such as /var/lib/php-sse');
    }

    /**
     * An absolute path, or none.
     *
     * @throws \Sse\Polyfill\Expected
     */
    public static function optionalPath(string $text): ?string
    {
        return match (true) {
            $text === '' => null,
            self::isPath($text) => $text,
            default => throw new Expected('an absolute path, or nothing'),
        };
    }

    /**
     * The directory that a data source name names.
     *
     * @throws \Sse\Polyfill\Expected
     */
    public static function dsn(string $text): string
    {
        [$scheme, $path] = explode('://', $text, 2) + [1 => ''];
        if (!str_contains($text, '://') || !in_array($scheme, ['file', ...self::ENGINES], true)) {
            throw new Expected(
                'a data source name: file:///var/lib/php-sse, sqlite:///var/lib/php-sse/events.sqlite, redis://host, '
                . 'rediss://host or redis+unix:///run/redis/redis.sock',
            );
        }
        if ($scheme !== 'file') {
            throw new Expected(
                'file:// and an absolute path as long as PHP runs without the extension sse; '
                . "the engine of $scheme:// is in the extension: install and load it",
            );
        }

        return self::isPath($path)
            ? $path
            : throw new Expected('file:// and an absolute path, such as file:///var/lib/php-sse');
    }

    /**
     * A data source name as it may be shown, whether it can be read or not: what may be a password is hidden.
     */
    public static function shownDsn(string $text): string
    {
        [$scheme, $rest] = str_contains($text, '://') ? explode('://', $text, 2) : ['', $text];
        if ($scheme === 'file') {
            return $text;
        }
        $scheme .= $scheme === '' ? '' : '://';
        $known = (string)preg_replace('/((?:password|pass|pwd|auth)=).*/is', '$1', $rest);
        $secret = substr($rest, strlen($known));
        if (str_contains($secret, '@')) {
            return "$scheme***";
        }

        return $scheme . preg_replace('/^.*@/s', '***@', $known) . ($secret === '' ? '' : '***');
    }

    /**
     * A number as it is shown in messages.
     */
    public static function number(int|float $number): string
    {
        return match (true) {
            is_int($number) => (string)$number,
            is_nan($number) => 'NaN',
            is_infinite($number) => $number > 0 ? 'inf' : '-inf',
            abs($number) >= 1e15 => sprintf('%.0F', $number),
            default => (string)json_encode($number),
        };
    }

    /**
     * @param array{int, int} $range
     */
    private static function digits(string $text, array $range): ?int
    {
        $digits = preg_replace('/\A\+?0*(?=\d)/', '', trim($text));
        $number = (int)$digits;

        return (string)$number === $digits && $number >= $range[0] && $number <= $range[1] ? $number : null;
    }

    private static function isPath(string $text): bool
    {
        return str_starts_with($text, '/') && !str_contains($text, "\0");
    }
}
