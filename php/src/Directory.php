<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Closure;

/**
 * The store's directory: who may use it, its epoch, and the files in it.
 *
 *     store        sse-store 1 <epoch> <floor> <crc32>\n
 *     lock         empty; held while a file is made or removed
 *     <name>.log   one key's log
 *     .*.new       a file being made, renamed in when it is whole
 *
 * `floor` lies above the ids of every log that was removed, so that ids of a key rise even if its log is gone and the
 * clock stepped back. Files get 0660 and the directory's group whatever the umask.
 */
final class Directory
{
    private const FILE_MODE = 0o660;

    /** Characters of a key that are kept in its file's name, for those who look for it. */
    private const READABLE = 48;

    /** Bytes that no file of ours has but a log. */
    private const SMALL = 64 << 10;

    /**
     * @param string $path an existing directory; it is looked at when it is used
     * @param float $patience seconds that locks are waited for which others hold
     */
    public function __construct(
        public readonly string $path,
        public readonly float $patience = StoreSettings::WAITS,
    ) {
    }

    /**
     * Says what is wrong with the directory, if anything is.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function check(): void
    {
        $status = System::status($this->path);
        if ($status === null) {
            $refused = System::refused();
            throw match ($refused->reason) {
                // stat() of PHP says no reason.
                Reason::Other => $this->absent(),
                default => Refusal::of('use', $this->path, $refused),
            };
        }
        if (!$status->isDirectory()) {
            throw Refusal::notADirectory($this->path);
        }
        // Each of the three: PHP asks the system for one at a time.
        if (!is_readable($this->path) || !is_writable($this->path) || System::status("$this->path/.") === null) {
            throw Refusal::of('write in', $this->path, new SystemError(Reason::Denied, 'Permission denied'));
        }
    }

    /**
     * The log of a key: what can be read of its name, and its hash.
     */
    public function log(Key $key): string
    {
        $readable = preg_replace('/[^A-Za-z0-9_-]/', '_', substr($key->bytes, 0, self::READABLE));

        return "$this->path/$readable-" . bin2hex(substr($key->digest(), 0, 16)) . '.log';
    }

    /**
     * Epoch and floor; a directory without them becomes a store.
     *
     * @throws \Sse\Polyfill\Failure what is wrong with the directory; a damaged file, and one of a later format
     */
    public function meta(): Meta
    {
        return $this->readMeta() ?? $this->locked($this->metaWhileLocked(...));
    }

    /**
     * The same, for who holds the directory's lock.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function metaWhileLocked(): Meta
    {
        $meta = $this->readMeta();
        if ($meta === null) {
            $meta = Meta::draw();
            // An empty one, after a power failure, would stop everybody.
            $this->replace($this->metaPath(), $meta->text(), true);
        }

        return $meta;
    }

    /**
     * Raises the floor. The caller holds the directory's lock.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function raiseFloor(EventId $atLeast): void
    {
        $meta = $this->metaWhileLocked();
        if ($atLeast->isAfter($meta->floor)) {
            $this->replace($this->metaPath(), (new Meta($meta->epoch, $atLeast))->text(), true);
        }
    }

    /**
     * Runs an action while no other process makes or removes files here.
     *
     * @template T
     * @param \Closure(): T $action
     * @return T
     * @throws \Sse\Polyfill\Failure what the action throws; if the lock can't be had
     */
    public function locked(Closure $action): mixed
    {
        $path = "$this->path/lock";
        do {
            $file = $this->sharedFile($path);
            $result = Lock::held($file, $path, $this->patience, function () use ($file, $path, $action): ?array {
                // Removed by hand while we waited, it keeps nobody away.
                return System::status($path)?->identity === $file->status()->identity ? [$action()] : null;
            });
        } while ($result === null);

        return $result[0];
    }

    /**
     * Opens a file that users of the store lock; a missing one is made, empty.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function sharedFile(string $path): File
    {
        while (true) {
            try {
                return File::open($path);
            } catch (SystemError $error) {
                if ($error->reason !== Reason::Missing) {
                    throw Refusal::of('open', $path, $error);
                }
            }
            $this->check();
            try {
                $this->make($path);
            } catch (SystemError $error) {
                throw Refusal::of('create', $path, $error);
            }
        }
    }

    /**
     * Puts a whole new file in the place of another, or leaves all as it was.
     *
     * @param string|\Closure(\Sse\Polyfill\File): void $content its bytes, or what writes them
     * @throws \Sse\Polyfill\Failure
     */
    public function replace(string $path, string|Closure $content, bool $sync = false): void
    {
        try {
            [$temporary, $file] = $this->temporary($path);
        } catch (SystemError $error) {
            throw Refusal::of('write in', $this->path, $error);
        }
        try {
            is_string($content) ? $file->writeAt(0, $content) : $content($file);
            if ($sync) {
                $file->sync();
            }
            System::call(static fn(): bool => rename($temporary, $path));
            if ($sync) {
                // Where a directory can't be opened, the system does that by itself, or nobody can.
                System::attempt('fsync', System::quietly(fn() => fopen($this->path, 're')));
            }
        } catch (SystemError $error) {
            System::attempt('unlink', $temporary);
            throw Refusal::of('write', $path, $error);
        }
    }

    /**
     * A file's bytes; of one that is larger than any of ours, only so many that this shows.
     *
     * @throws \Sse\Polyfill\SystemError
     */
    public static function readSmall(string $path): string
    {
        return System::call(static fn(): string|false => file_get_contents($path, length: self::SMALL));
    }

    private function metaPath(): string
    {
        return "$this->path/store";
    }

    private function readMeta(): ?Meta
    {
        $path = $this->metaPath();
        try {
            return Meta::read(self::readSmall($path), $path);
        } catch (SystemError $error) {
            if ($error->reason !== Reason::Missing) {
                throw Refusal::of('read', $path, $error);
            }
        }
        $this->check();

        return null;
    }

    /**
     * Makes an empty file unless there is one. It has its mode before it has its name: nobody meets one that isn't
     * shared yet.
     */
    private function make(string $path): void
    {
        [$temporary] = $this->temporary($path);
        // Some hosts have no link(), some file systems no second names.
        if (System::attempt('link', $temporary, $path) || System::status($path) !== null) {
            System::attempt('unlink', $temporary);

            return;
        }
        System::call(static fn(): bool => rename($temporary, $path));
    }

    /**
     * A new file that all users of the store share.
     *
     * @return array{string, \Sse\Polyfill\File}
     */
    private function temporary(string $path): array
    {
        $name = sprintf('.%s.%d-%s.new', basename($path), System::process(), bin2hex(random_bytes(4)));
        $temporary = "$this->path/$name";
        $file = File::make($temporary);
        System::attempt('chmod', $temporary, self::FILE_MODE);
        $group = System::status($this->path)?->group;
        if ($group !== null && $file->status()->group !== $group) {
            // Root may; who isn't in the group may not, and then shares with nobody.
            System::attempt('chgrp', $temporary, $group);
        }

        return [$temporary, $file];
    }

    /**
     * What is wrong with a directory that nothing can be said of.
     */
    private function absent(): Failure
    {
        for ($above = dirname($this->path); $above !== dirname($above); $above = dirname($above)) {
            if (is_dir($above)) {
                break;
            }
            if (file_exists($above)) {
                return Refusal::notADirectory($this->path);
            }
        }

        return is_executable($above) || !is_dir($above)
            ? Refusal::missing($this->path)
            : Refusal::of('use', $this->path, new SystemError(Reason::Denied, 'Permission denied'));
    }
}
