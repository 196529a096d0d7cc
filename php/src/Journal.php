<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * PHP's error log.
 */
final class Journal
{
    /**
     * Writes one line, whatever it holds.
     */
    public static function log(string $line): void
    {
        System::attempt('error_log', 'sse: ' . Printable::line($line));
    }
}
