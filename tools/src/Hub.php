<?php
declare(strict_types=1);

namespace Sse\Tools;

use function Sse\hub;

/**
 * Serves streams in this process.
 */
final class Hub
{
    /**
     * @param string $idle Seconds without a stream after which it ends; 0 for never.
     * @return int the exit status
     */
    public static function run(string $idle): int
    {
        if (!function_exists('Sse\hub')) {
            throw new Usage('A hub takes the extension "sse", which this PHP (' . PHP_BINARY . ') has not.');
        }
        if (!is_numeric($idle)) {
            throw new Usage("--idle takes seconds; it is \"$idle\".");
        }

        return hub(['idle' => $idle]);
    }
}
