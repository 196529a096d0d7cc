<?php
declare(strict_types=1);

namespace Sse\Service;

use Cake\Log\Log;
use Sse\StoreException;

/**
 * The application's own directory for events, TMP/sse, for those who share TMP: web server, command line and cron.
 *
 * It gets TMP's group. Where that is root's, and it is root who makes it, another: nobody should have to join root's.
 *
 * @internal
 */
final class StoreDirectory
{
    /**
     * Whom PHP on the web usually runs as.
     */
    private const WEB_USERS = ['www-data', 'apache', 'nginx', 'http'];

    /**
     * Its path; it is there then.
     *
     * @throws \Sse\StoreException when it can't be made
     */
    public static function made(): string
    {
        $directory = TMP . 'sse';
        // phpcs:disable Generic.PHP.NoSilencedErrors -- what fails is told, or left to the extension to tell
        if (is_dir($directory)) {
            return $directory;
        }
        if (@mkdir($directory, 0770)) {
            $group = (int)filegroup(TMP);
            if ($group === 0 && fileowner($directory) === 0) {
                $group = self::groupInsteadOfRoots($directory);
            }
            @chgrp($directory, $group);
            @chmod($directory, 02770);
        } elseif (!is_dir($directory)) {
            throw new StoreException(
                "cannot make the directory $directory for the events: "
                . (error_get_last()['message'] ?? 'unknown reason')
                . "; make it for the web server's group: mkdir -p $directory && chgrp www-data $directory"
                . " && chmod 2770 $directory",
            );
        }
        // phpcs:enable

        return $directory;
    }

    /**
     * The group of TMP's owner, else of the user that PHP on the web usually runs as.
     */
    private static function groupInsteadOfRoots(string $directory): int
    {
        if (function_exists('posix_getpwnam')) {
            $users = array_map(posix_getpwnam(...), self::WEB_USERS);
            foreach ([posix_getpwuid((int)fileowner(TMP)), ...$users] as $user) {
                if ($user !== false && $user['uid'] !== 0 && $user['gid'] !== 0) {
                    return $user['gid'];
                }
            }
        }
        Log::warning(
            "sse: root has made the directory $directory for the events, and nobody else can use it;"
            . " give it to the web server's group: chgrp www-data $directory",
        );

        return 0;
    }
}
