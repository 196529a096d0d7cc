<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Gaps that a stream opens with, told as one before anything else.
 */
final class Opening
{
    /**
     * @param list<int> $keys indexes of the keys
     * @param \Sse\Polyfill\Gap $gap from the first of what is gone to the last
     * @param string $text the client's own: it stands until the gap is told, so that a cut before that tells it again
     */
    private function __construct(
        public readonly array $keys,
        public readonly Gap $gap,
        public readonly string $text,
    ) {
    }

    /**
     * All gaps that were found for a client's cursor, by the indexes of their keys.
     *
     * @param array<int, \Sse\Polyfill\Gap> $gaps
     */
    public static function of(array $gaps, ?string $client): ?self
    {
        if ($gaps === [] || $client === null) {
            return null;
        }
        $first = static fn(EventId $a, EventId $b): EventId => $a->isAfter($b) ? $b : $a;
        $from = array_map(static fn(Gap $gap): EventId => $gap->from, array_values($gaps));
        $to = array_map(static fn(Gap $gap): EventId => $gap->to, array_values($gaps));

        return new self(
            array_keys($gaps),
            new Gap(
                array_reduce($from, $first, $from[0]),
                array_reduce($to, static fn(EventId $a, EventId $b): EventId => $a->max($b), $to[0]),
            ),
            $client,
        );
    }
}
