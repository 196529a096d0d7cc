<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Where a readable line lies.
 */
final class Place
{
    /**
     * @param \Sse\Polyfill\EventId $id of its event
     * @param int $offset where it begins
     * @param int $behind where the next line begins
     */
    public function __construct(
        public readonly EventId $id,
        public readonly int $offset,
        public readonly int $behind,
    ) {
    }
}
