<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The sockets of this process, as Linux tells of them in /proc. PHP code has no other way to those that its server uses.
 * Elsewhere, and where `open_basedir` keeps it from /proc, there seem to be none.
 */
final class Sockets
{
    private const OWN = '/proc/self/fd';

    /** A line of /proc/net/unix: what the kernel knows of the socket, and its number. One with this flag listens. */
    private const UNIX = '/^\S+: \S+ \S+ 00010000 \S+ \S+ +(\d+)/m';

    /** A line of /proc/net/tcp: its port, its state, bytes that nobody has read, and its number. */
    private const TCP = '/^ *\d+: \S+:([0-9A-F]{4}) \S+ ([0-9A-F]{2}) \S+:([0-9A-F]{8})(?: +\S+){4} +(\d+)/m';

    private const ESTABLISHED = '01';
    private const LISTENS = '0A';

    /**
     * The descriptor that requests come from: its name in /proc; null where it can't be found.
     */
    public static function listening(): ?string
    {
        $own = self::own();
        preg_match_all(self::UNIX, self::read('/proc/net/unix'), $found);
        $listening = $found[1];
        foreach (self::tcp() as [, , $state, , $socket]) {
            if ($state === self::LISTENS) {
                $listening[] = $socket;
            }
        }
        foreach ($listening as $socket) {
            if (isset($own[$socket])) {
                return $own[$socket];
            }
        }

        return null;
    }

    /**
     * Which socket a descriptor is of; false if it is gone.
     */
    public static function of(string $descriptor): string|false
    {
        return System::quietly(static fn(): string|false => readlink($descriptor));
    }

    /**
     * Whether a client of this port, whose connection this process has taken, has sent what nobody has read.
     */
    public static function keepsWaiting(int $port): bool
    {
        $own = self::own();
        foreach (self::tcp() as [, $local, $state, $unread, $socket]) {
            if (hexdec($local) === $port && $state === self::ESTABLISHED && hexdec($unread) > 0 && isset($own[$socket])) {
                return true;
            }
        }

        return false;
    }

    /**
     * @return array<int|string, string> this process's descriptors of sockets, by the socket's number
     */
    private static function own(): array
    {
        $own = [];
        if (!function_exists('scandir') || !function_exists('readlink')) {
            return $own;
        }
        foreach (System::quietly(static fn(): array|false => scandir(self::OWN)) ?: [] as $name) {
            $target = (string)self::of(self::OWN . "/$name");
            if (preg_match('/^socket:\[(\d+)\]$/', $target, $found) === 1) {
                $own[$found[1]] = self::OWN . "/$name";
            }
        }

        return $own;
    }

    /**
     * @return list<array<string>>
     */
    private static function tcp(): array
    {
        preg_match_all(self::TCP, self::read('/proc/net/tcp') . self::read('/proc/net/tcp6'), $lines, PREG_SET_ORDER);

        return $lines;
    }

    private static function read(string $path): string
    {
        return (string)System::quietly(static fn(): string|false => file_get_contents($path));
    }
}
