<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * How a store keeps events.
 */
final class StoreSettings
{
    /** Seconds that a lock of another process is waited for. */
    public const WAITS = 2.0;

    /** It is tried once: for who serves others too, and asks again later. */
    public const TRIES_ONCE = 0.0;

    /**
     * @param \Sse\Polyfill\Retention $retention what it keeps
     * @param int $maxPayload bytes of JSON an event may have
     * @param bool $sync whether a push waits until the disk has it
     */
    public function __construct(
        public readonly Retention $retention,
        public readonly int $maxPayload,
        public readonly bool $sync,
    ) {
    }

    /**
     * Says so if an event has more bytes than it may have.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function checkSize(Draft $draft): void
    {
        $length = strlen($draft->json);
        if ($length > $this->maxPayload) {
            throw Failure::argument(
                "the event's data is $length bytes of JSON, the limit is $this->maxPayload; "
                . 'raise sse.max_payload or push a reference that beforeSend resolves',
            );
        }
    }
}
