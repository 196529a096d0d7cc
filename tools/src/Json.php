<?php
declare(strict_types=1);

namespace Sse\Tools;

use JsonException;

/**
 * JSON as people write and read it.
 */
final class Json
{
    /**
     * Objects stay objects, so that `{}` arrives as it was written.
     *
     * @throws \Sse\Tools\Usage for anything else than JSON
     */
    public static function decode(string $text): mixed
    {
        try {
            return json_decode($text, flags: JSON_THROW_ON_ERROR);
        } catch (JsonException $exception) {
            $example = self::encode($text);
            throw new Usage(
                "The payload is no JSON ({$exception->getMessage()}): $text\n"
                . "A text is written '$example', an object '{\"message\": \"…\"}', in single quotes for the shell.",
            );
        }
    }

    public static function encode(mixed $value): string
    {
        $flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE;

        return (string)json_encode($value, $flags | JSON_PARTIAL_OUTPUT_ON_ERROR);
    }
}
