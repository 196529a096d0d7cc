<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Names of users and groups, for messages that say who may not do what, and which command mends it. Where PHP has no
 * `posix`, they are numbers, or what the files of this library tell.
 */
final class People
{
    private const POWERFUL = [
        'wheel', 'sudo', 'admin', 'adm', 'shadow', 'disk', 'kmem', 'docker', 'lxd', 'libvirt', 'staff',
    ];
    private const WEB_USERS = ['www-data', 'apache', 'nginx', 'http'];

    /**
     * Whom a file belongs to.
     */
    public static function ownerAndMode(Status $status): string
    {
        return sprintf(
            'it belongs to %s:%s with mode %04o',
            self::user($status->user),
            self::group($status->group),
            $status->mode & 0o7777,
        );
    }

    /**
     * Who this process is: `www-data (groups www-data, redis)`.
     */
    public static function thisProcess(): string
    {
        $groups = array_map(self::group(...), [self::groupId(), ...self::groupIds()]);

        return sprintf('%s (groups %s)', self::thisUser(), implode(', ', array_unique($groups)));
    }

    /**
     * The user this process runs as.
     */
    public static function thisUser(): string
    {
        return self::user(self::userId());
    }

    /**
     * This process's group.
     */
    public static function thisGroup(): string
    {
        return self::group(self::groupId());
    }

    /**
     * Whether this process is root, who needs no group to get at anything.
     */
    public static function isRoot(): bool
    {
        return self::userId() === 0;
    }

    /**
     * The group of a user who isn't root.
     */
    public static function groupOfUser(int $id): ?string
    {
        $user = function_exists('posix_getpwuid') ? posix_getpwuid($id) : false;

        return $id === 0 || $user === false || self::isPowerful($user['gid']) ? null : self::group($user['gid']);
    }

    /**
     * The group of the user that PHP on the web usually runs as here, if there is one.
     */
    public static function webGroup(): ?string
    {
        foreach (function_exists('posix_getpwnam') ? self::WEB_USERS : [] as $name) {
            $user = posix_getpwnam($name);
            $group = $user === false ? null : self::groupOfUser($user['uid']);
            if ($group !== null) {
                return $group;
            }
        }

        return null;
    }

    /**
     * Whether who is in the group may do things that have nothing to do with what is shared by it.
     */
    public static function isPowerful(int $id): bool
    {
        return $id === 0 || in_array(self::group($id), self::POWERFUL, true);
    }

    /**
     * Whether this process is in the group.
     */
    public static function isInGroup(int $id): bool
    {
        return $id === self::groupId() || in_array($id, self::groupIds(), true);
    }

    /**
     * A group's name, or its number.
     */
    public static function group(int $id): string
    {
        $group = function_exists('posix_getgrgid') ? posix_getgrgid($id) : false;

        return $group === false ? (string)$id : $group['name'];
    }

    /**
     * A path as one word of a shell command.
     */
    public static function shellWord(string $path): string
    {
        return preg_match('~\A[A-Za-z0-9/._+@-]*\z~', $path) === 1
            ? $path
            : "'" . str_replace("'", "'\\''", $path) . "'";
    }

    private static function user(int $id): string
    {
        $user = function_exists('posix_getpwuid') ? posix_getpwuid($id) : false;

        return $user === false ? (string)$id : $user['name'];
    }

    private static function userId(): int
    {
        return function_exists('posix_geteuid') ? posix_geteuid() : (int)getmyuid();
    }

    private static function groupId(): int
    {
        return function_exists('posix_getegid') ? posix_getegid() : (int)getmygid();
    }

    /**
     * @return array<int>
     */
    private static function groupIds(): array
    {
        return function_exists('posix_getgroups') ? posix_getgroups() ?: [] : [];
    }
}
