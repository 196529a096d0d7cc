<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Where reading a key begins: behind a position (with a gap if the log can't answer from there), before the newest so
 * many events, or, with neither, before the oldest that is kept.
 */
final class Start
{
    private function __construct(public readonly ?EventId $after, public readonly ?int $newest)
    {
    }

    /**
     * Behind this position.
     */
    public static function after(EventId $position): self
    {
        return new self($position, null);
    }

    /**
     * Before the newest so many events.
     */
    public static function newest(int $count): self
    {
        return new self(null, $count);
    }

    /**
     * Before the oldest event kept.
     */
    public static function oldest(): self
    {
        return new self(null, null);
    }
}
