<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * An open file of a store: bytes at offsets, and its lock. What the system refuses is a `SystemError`.
 *
 * Always true: what is read is what the file has now, since PHP keeps nothing of it (`stream_set_read_buffer()`).
 */
final class File
{
    /**
     * @param resource $handle
     */
    private function __construct(private $handle)
    {
        stream_set_read_buffer($handle, 0);
    }

    /**
     * Opens a file for reading and writing; never through a symbolic link.
     *
     * @throws \Sse\Polyfill\SystemError
     */
    public static function open(string $path): self
    {
        // "e": it is closed where another program is run.
        $file = new self(System::call(static fn() => fopen($path, 'r+e')));
        $named = System::linkStatus($path);
        if ($named === null || $named->identity !== $file->status()->identity) {
            if ($named !== null && is_link($path)) {
                throw new SystemError(Reason::Other, 'it is a symbolic link');
            }

            // Replaced just now.
            return self::open($path);
        }

        return $file;
    }

    /**
     * Makes a file; there must be none.
     *
     * @throws \Sse\Polyfill\SystemError
     */
    public static function make(string $path): self
    {
        return new self(System::call(static fn() => fopen($path, 'x+e')));
    }

    /**
     * What it is now.
     *
     * @throws \Sse\Polyfill\SystemError
     */
    public function status(): Status
    {
        return new Status(System::call(fn(): array|false => fstat($this->handle)));
    }

    /**
     * At most so many bytes from an offset; fewer only at the end.
     *
     * @throws \Sse\Polyfill\SystemError
     */
    public function readAt(int $offset, int $length): string
    {
        return System::call(function () use ($offset, $length): string|false {
            fseek($this->handle, $offset);
            $bytes = '';
            while ($length > 0) {
                $piece = fread($this->handle, $length);
                if ($piece === false) {
                    return false;
                }
                if ($piece === '') {
                    break;
                }
                $bytes .= $piece;
                $length -= strlen($piece);
            }

            return $bytes;
        });
    }

    /**
     * Writes bytes at an offset, in one write.
     *
     * @throws \Sse\Polyfill\SystemError
     */
    public function writeAt(int $offset, string $bytes): void
    {
        System::call(function () use ($offset, $bytes): bool {
            fseek($this->handle, $offset);

            return fwrite($this->handle, $bytes) === strlen($bytes);
        });
    }

    /**
     * Cuts it at an offset.
     *
     * @throws \Sse\Polyfill\SystemError
     */
    public function truncate(int $size): void
    {
        System::call(fn(): bool => ftruncate($this->handle, max(0, $size)));
    }

    /**
     * Waits until the disk has it, where PHP code can (who asks for that by a setting is told if not).
     *
     * @throws \Sse\Polyfill\SystemError
     */
    public function sync(): void
    {
        if (function_exists('fdatasync')) {
            System::call(fn(): bool => fdatasync($this->handle));
        }
    }

    /**
     * Asks for its lock; false if somebody else has it. It is never waited for.
     *
     * @param \LOCK_EX|\LOCK_SH $operation
     * @throws \Sse\Polyfill\SystemError
     */
    public function lock(int $operation): bool
    {
        if (flock($this->handle, $operation | LOCK_NB, $isHeld)) {
            return true;
        }
        if ($isHeld !== 1) {
            throw new SystemError(Reason::Other, 'its file system has no locks');
        }

        return false;
    }

    /**
     * Gives its lock back.
     */
    public function unlock(): void
    {
        flock($this->handle, LOCK_UN);
    }
}
