<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Why the system refused something, as far as it matters here. The value is the number that Linux has for it.
 */
enum Reason: int
{
    case NotPermitted = 1;
    case Missing = 2;
    case Denied = 13;
    case Exists = 17;
    case NotADirectory = 20;
    case NoSpace = 28;
    case ReadOnly = 30;
    case NoQuota = 122;
    case Other = 0;

    private const TEXTS = [
        'Operation not permitted' => self::NotPermitted,
        'No such file or directory' => self::Missing,
        'Permission denied' => self::Denied,
        'File exists' => self::Exists,
        'Not a directory' => self::NotADirectory,
        'No space left on device' => self::NoSpace,
        'Read-only file system' => self::ReadOnly,
        'Disk quota exceeded' => self::NoQuota,
    ];

    /**
     * Reads the end of a warning of PHP's, which has the system's own words: by `setlocale()` in other languages too.
     */
    public static function of(string $text): self
    {
        foreach (self::TEXTS as $words => $reason) {
            if (str_ends_with($text, $words)) {
                return $reason;
            }
        }
        foreach (function_exists('posix_strerror') ? self::cases() : [] as $reason) {
            if ($reason !== self::Other && str_ends_with($text, posix_strerror($reason->value))) {
                return $reason;
            }
        }

        return self::Other;
    }
}
