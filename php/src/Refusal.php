<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * What the system refused, as our failure: with whose file it is, who we are and what mends it.
 */
final class Refusal
{
    /**
     * The system's error as ours. `path` is a file of the store or its directory.
     */
    public static function of(string $action, string $path, SystemError $error): Failure
    {
        $directory = is_dir($path) ? $path : dirname($path);

        return match ($error->reason) {
            Reason::Missing => System::status($directory) === null
                ? self::missing($directory)
                : self::plain($action, $path, $error),
            Reason::NotADirectory => self::notADirectory($directory),
            Reason::NoSpace, Reason::NoQuota => Failure::store(
                "no space left to $action $path; nothing was stored and nothing is half-written: "
                . 'free some space or move sse.dir',
            ),
            Reason::Denied, Reason::NotPermitted, Reason::ReadOnly => self::denied($action, $path, $directory, $error),
            default => self::plain($action, $path, $error),
        };
    }

    /**
     * The store's directory isn't there.
     */
    public static function missing(string $directory): Failure
    {
        $group = self::groupToShare($directory);

        return Failure::store(sprintf(
            'the store\'s directory %s does not exist; create it: sudo install -d -m 2770 -o %s -g %s %s%s',
            $directory,
            People::thisUser(),
            $group ?? 'GROUP',
            People::shellWord($directory),
            $group === null ? ', with the web server\'s group for GROUP' : '',
        ));
    }

    /**
     * The store's directory is a file, or lies under one.
     */
    public static function notADirectory(string $path): Failure
    {
        return Failure::store("the store's path $path is not a directory; name another one in sse.dir");
    }

    private static function plain(string $action, string $path, SystemError $error): Failure
    {
        return Failure::store("cannot $action $path: {$error->getMessage()}");
    }

    private static function denied(string $action, string $path, string $directory, SystemError $error): Failure
    {
        // Who may not even look at a file is refused by a directory above it.
        $guilty = $path;
        while (System::status($guilty) === null) {
            if ($guilty === dirname($guilty)) {
                return self::plain($action, $path, $error);
            }
            $guilty = dirname($guilty);
        }
        $status = System::status($guilty);
        if ($status === null) {
            return self::plain($action, $path, $error);
        }
        $remedy = match (true) {
            $error->reason === Reason::ReadOnly
                => 'its file system is mounted read-only: name another directory in sse.dir',
            $guilty !== $path && $guilty !== $directory => sprintf(
                'let this user pass through, and nobody else: sudo setfacl -m u:%s:x %s',
                People::thisUser(),
                People::shellWord($guilty),
            ),
            default => self::remedy($directory, $status),
        };

        return Failure::store(sprintf(
            'cannot %s %s: %s, and this process runs as %s; %s',
            $action,
            $guilty,
            People::ownerAndMode($status),
            People::thisProcess(),
            $remedy,
        ));
    }

    /**
     * A command that lets this user in by a group that all users of the store share; nobody gets more by it.
     */
    private static function remedy(string $directory, Status $refusing): string
    {
        $isOpen = static function (Status $status): bool {
            $needed = $status->isDirectory() ? 0o070 : 0o060;

            return ($status->mode & $needed) === $needed && !People::isPowerful($status->group);
        };
        if ($isOpen($refusing) && !People::isInGroup($refusing->group)) {
            return sprintf(
                'join its group: sudo usermod -aG %s %s, then log in again or restart PHP',
                People::group($refusing->group),
                People::thisUser(),
            );
        }
        $status = System::status($directory);
        $group = $status !== null && $isOpen($status)
            ? People::group($status->group)
            : self::groupToShare($directory) ?? 'GROUP';

        return sprintf(
            'share it by a group: sudo chgrp -R %1$s %2$s && sudo chmod -R g+rwX %2$s && sudo chmod g+s %2$s',
            $group,
            People::shellWord($directory),
        );
    }

    /**
     * The group that users of a directory can share, where it has none yet.
     */
    private static function groupToShare(string $directory): ?string
    {
        if (!People::isRoot()) {
            return People::thisGroup();
        }
        $around = dirname($directory);
        while (System::status($around) === null && $around !== dirname($around)) {
            $around = dirname($around);
        }
        $status = System::status($around);

        return ($status === null ? null : People::groupOfUser($status->user)) ?? People::webGroup();
    }
}
