<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Exception;

/**
 * What can go wrong, written for the PHP user: what happened, with which value, what to do. It never leaves the library:
 * `Boundary` throws what PHP code can catch.
 */
final class Failure extends Exception
{
    /**
     * @param \Sse\Polyfill\Kind $kind which exception it becomes
     * @param string $text what happened, and what to do
     * @param bool $isPassing whether the same may work in a moment, with nobody mending anything: a stream waits for it
     */
    private function __construct(
        public readonly Kind $kind,
        public readonly string $text,
        public readonly bool $isPassing = false,
    ) {
        parent::__construct($text);
    }

    /**
     * The caller passed something that can't be used.
     */
    public static function argument(string $text): self
    {
        return new self(Kind::Argument, $text);
    }

    /**
     * An argument of another type.
     */
    public static function type(string $text): self
    {
        return new self(Kind::Type, $text);
    }

    /**
     * The store can't do what was asked.
     */
    public static function store(string $text): self
    {
        return new self(Kind::Store, $text);
    }

    /**
     * The response can't become a stream.
     */
    public static function stream(string $text): self
    {
        return new self(Kind::Stream, $text);
    }

    /**
     * Somebody else held the lock for the whole patience.
     */
    public static function locked(string $path, int $waitedMs): self
    {
        return new self(Kind::Store, sprintf(
            '%1$s stayed locked by another process for %2$d ms, so nothing was done; '
            . 'see which process hangs (fuser -v %1$s) and try again',
            $path,
            $waitedMs,
        ), true);
    }

    /**
     * Written by a later version of this software.
     */
    public static function newerFormat(string $path, int $found, int $known): self
    {
        return self::store(
            "$path is written in format $found, this version reads up to $known: "
            . 'upgrade the extension (or php-sse/polyfill) here',
        );
    }

    /**
     * Text that should be an id.
     */
    public static function invalidId(string $text): self
    {
        return self::argument(sprintf(
            '"%s" is not an event id; ids are written ms-seq, for example 1767225600000-0',
            Printable::of($text),
        ));
    }

    /**
     * The same, with what it happened to.
     */
    public function of(string $subject): self
    {
        return new self($this->kind, "$subject: $this->text", $this->isPassing);
    }
}
