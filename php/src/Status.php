<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * What the system says of a file.
 */
final class Status
{
    private const KIND = 0o170000;
    private const DIRECTORY = 0o040000;

    /** Which file it is, whatever its name. */
    public readonly string $identity;

    public readonly int $size;

    /** When it was last written to, in milliseconds since 1970. */
    public readonly int $modifiedMillis;

    public readonly int $mode;

    public readonly int $user;

    public readonly int $group;

    /**
     * @param array<int|string, int> $status as `stat()` answers it
     */
    public function __construct(array $status)
    {
        $this->identity = "$status[dev]:$status[ino]";
        $this->size = $status['size'];
        $this->modifiedMillis = max(0, $status['mtime'] * 1_000);
        $this->mode = $status['mode'];
        $this->user = $status['uid'];
        $this->group = $status['gid'];
    }

    /**
     * Whether it is a directory.
     */
    public function isDirectory(): bool
    {
        return ($this->mode & self::KIND) === self::DIRECTORY;
    }
}
