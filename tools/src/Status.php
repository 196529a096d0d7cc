<?php
declare(strict_types=1);

namespace Sse\Tools;

/**
 * A status in people's words.
 */
final class Status
{
    /**
     * @param array<string, mixed> $status As `Sse\status()` answers it.
     * @param \Sse\Tools\WebUser $user Whom this process acts as.
     */
    public static function text(array $status, WebUser $user): string
    {
        $hub = $status['hub'] ?? null;
        $rows = [
            ['sse', "$status[version], in PHP " . PHP_VERSION . ', as ' . $user->words()],
            ['store', "$status[engine], $status[store]"],
            ['', $status['problem'] === null ? 'can be used' : "CAN'T BE USED: $status[problem]"],
            ['signal', $status['signal'] . (isset($status['signal_why']) ? ": $status[signal_why]" : '')],
        ];
        if ($hub === null) {
            // The command line never hands over, so its own tier says nothing of the web.
            $rows[] = ['hub', $status['tier'] === 'php' ? 'none: this is plain PHP, a stream holds a PHP worker' :
                'none runs for this user. The first stream under PHP-FPM starts one.'];
            if ($status['problem'] === null && !$user->isTheWebs()) {
                $rows[] = ['', "The hub of another user can't be seen: ask as the user that PHP has on the web,"
                    . ' for instance with: sudo -u www-data …'];
            }
        } else {
            $rows[] = ['hub', sprintf(
                'process %d: %s of %s streams, %s',
                $hub['pid'],
                number_format($hub['streams']),
                number_format($hub['max_streams']),
                self::count($hub['keys'], 'key'),
            )];
            $rows[] = ['', sprintf(
                'since it began: %s, %s and %s written',
                self::count($hub['taken'], 'stream'),
                self::count($hub['events'], 'event'),
                self::size($hub['bytes']),
            )];
            if ($hub['last_error'] !== null) {
                $rows[] = ['', "last error: $hub[last_error]"];
            }
        }

        return implode('', array_map(fn(array $row): string => sprintf("%-8s%s\n", ...$row), $rows));
    }

    private static function count(int $number, string $what): string
    {
        return number_format($number) . " $what" . ($number === 1 ? '' : 's');
    }

    private static function size(int $bytes): string
    {
        foreach (['GiB' => 1 << 30, 'MiB' => 1 << 20, 'KiB' => 1 << 10] as $unit => $size) {
            if ($bytes >= $size) {
                return round($bytes / $size, 1) . " $unit";
            }
        }

        return self::count($bytes, 'byte');
    }
}
