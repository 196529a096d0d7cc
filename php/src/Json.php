<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * PHP's own JSON, with its default flags: what users know from `json_encode()`.
 */
final class Json
{
    /** Nesting that is read; above the 512 that `json_encode()` allows. */
    private const DEPTH = 1_024;

    /**
     * The value as JSON.
     *
     * @throws \Sse\Polyfill\Failure if it can't be encoded
     */
    public static function encode(mixed $value): string
    {
        $json = json_encode($value);

        return $json !== false ? $json : throw Failure::argument(sprintf(
            'the data can\'t be encoded as JSON: %s; push arrays, scalars, UTF-8 strings or JsonSerializable objects',
            json_last_error_msg(),
        ));
    }

    /**
     * The text as arrays and scalars.
     */
    public static function decode(string $json): mixed
    {
        return json_decode($json, true, self::DEPTH);
    }
}
