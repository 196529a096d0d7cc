<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * What a stream sends next: an event of one key, or a gap of several.
 */
final class Delivery
{
    /**
     * @param \Sse\Polyfill\Event|\Sse\Polyfill\Gap $item
     * @param non-empty-list<int> $keys indexes of the keys
     */
    public function __construct(public readonly Event|Gap $item, public readonly array $keys)
    {
    }
}
