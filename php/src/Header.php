<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The first line of a log.
 */
final class Header
{
    /**
     * @param int $epoch the store the log was made in
     * @param \Sse\Polyfill\EventId $trimmedThrough the last id that was dropped; `lastId` of an older file, if none was
     * @param \Sse\Polyfill\EventId $lastId the last id when the file was made
     * @param \Sse\Polyfill\Key $key the key, whole
     */
    public function __construct(
        public readonly int $epoch,
        public readonly EventId $trimmedThrough,
        public readonly EventId $lastId,
        public readonly Key $key,
    ) {
    }
}
