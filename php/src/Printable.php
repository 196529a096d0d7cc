<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Bytes made safe for one line of a log or a message: no control characters, valid UTF-8, at most 200 characters.
 */
final class Printable
{
    private const LONGEST = 200;

    /** What is valid UTF-8, and the beginnings of it that are replaced as one (Unicode, "maximal subparts"). */
    private const UTF8 = '/(?:[\x00-\x7F]+|[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]'
        . '|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}|\xED[\x80-\x9F][\x80-\xBF]|\xF0[\x90-\xBF][\x80-\xBF]{2}'
        . '|[\xF1-\xF3][\x80-\xBF]{3}|\xF4[\x80-\x8F][\x80-\xBF]{2})(*SKIP)(*FAIL)'
        . '|\xE0[\xA0-\xBF]|[\xE1-\xEC\xEE\xEF][\x80-\xBF]|\xED[\x80-\x9F]|\xF0[\x90-\xBF][\x80-\xBF]?'
        . '|[\xF1-\xF3][\x80-\xBF]{1,2}|\xF4[\x80-\x8F][\x80-\xBF]?|[\x80-\xFF]/';

    /**
     * The bytes as they may be shown.
     */
    public static function of(string $bytes): string
    {
        // No character has more than four bytes.
        $text = self::utf8(substr($bytes, 0, 4 * self::LONGEST + 8));
        $escape = static fn(array $found): string => match ($found[0]) {
            "\n" => '\n',
            "\r" => '\r',
            "\t" => '\t',
            // Control characters have one byte, or two with 0xC2 first.
            default => sprintf('\u{%x}', ord($found[0][-1])),
        };
        if (preg_match('/^.{' . self::LONGEST . '}(?=.)/su', $text, $first) === 1) {
            $text = $first[0];
            $more = '…';
        }

        return preg_replace_callback('/\p{Cc}/u', $escape, $text) . ($more ?? '');
    }

    /**
     * The bytes as UTF-8, each that isn't replaced by U+FFFD.
     */
    public static function utf8(string $bytes): string
    {
        return self::isUtf8($bytes) ? $bytes : (string)preg_replace(self::UTF8, "\u{FFFD}", $bytes);
    }

    /**
     * Whether the bytes are UTF-8.
     */
    public static function isUtf8(string $bytes): bool
    {
        return preg_match('//u', $bytes) === 1;
    }

    /**
     * A message as one line.
     */
    public static function line(string $text): string
    {
        return (string)preg_replace('/\p{Cc}/u', ' ', self::utf8($text));
    }
}
