<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use __PHP_Incomplete_Class;
use SplObjectStorage;

/**
 * Objects whose class was not known where they were unserialized: PHP keeps their members, also those that their
 * `jsonSerialize()` would hide, and sends them all.
 *
 * @internal
 */
final class UnknownClass
{
    /**
     * As deep as json_encode() goes.
     */
    private const DEPTH = 512;

    /**
     * The class of such an object, or of one inside arrays and objects; null if there is none.
     */
    public static function in(mixed $value): ?string
    {
        return is_array($value) || is_object($value) ? self::find($value, new SplObjectStorage(), self::DEPTH) : null;
    }

    /**
     * @param object|array<mixed> $value
     * @param \SplObjectStorage<object, null> $seen Objects that were looked at.
     */
    private static function find(array|object $value, SplObjectStorage $seen, int $depth): ?string
    {
        if (is_object($value)) {
            if (isset($seen[$value])) {
                return null;
            }
            $seen[$value] = null;
        }
        // All members, also private ones: jsonSerialize() may bring any of them.
        $members = (array)$value;
        if ($value instanceof __PHP_Incomplete_Class) {
            return (string)($members['__PHP_Incomplete_Class_Name'] ?? 'unknown');
        }
        foreach ($depth > 0 ? $members : [] as $member) {
            $found = is_array($member) || is_object($member) ? self::find($member, $seen, $depth - 1) : null;
            if ($found !== null) {
                return $found;
            }
        }

        return null;
    }
}
