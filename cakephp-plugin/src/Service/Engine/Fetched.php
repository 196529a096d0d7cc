<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Closure;
use JsonSerializable;

/**
 * A payload on its way from where it is kept to `beforeSend`, else to the client. Also one that is falsy is sent.
 *
 * @internal
 */
final class Fetched implements JsonSerializable
{
    /**
     * @param mixed $payload What a closure of the application gets.
     * @param mixed $encodes What JSON is made of where there is no closure.
     * @param bool $isSent False for what is not to be sent.
     */
    private function __construct(
        public readonly mixed $payload,
        private readonly mixed $encodes,
        private readonly bool $isSent = true,
    ) {
    }

    public static function of(mixed $payload): self
    {
        return new self($payload, $payload);
    }

    /**
     * A payload as the JSON that PHP made of it: encoded again, it is the same text. A closure gets arrays where
     * objects were.
     */
    public static function ofJson(string $json): self
    {
        // The one text that PHP writes and doesn't read as what it was: -0, which becomes the integer 0.
        $exact = str_contains($json, '-0')
            ? preg_replace('/"(?:[^"\\\\]++|\\\\.)*+"(*SKIP)(*FAIL)|-0(?![.\deE])/', '-0.0', $json) ?? $json
            : $json;

        return new self(json_decode($json, true), json_decode($exact));
    }

    /**
     * Of an event that is passed over.
     */
    public static function nothing(): self
    {
        return new self(null, null, false);
    }

    /**
     * A stream's `beforeSend` for what is fetched.
     *
     * @param callable|null $beforeSend The application's own.
     * @return \Closure(mixed): mixed
     */
    public static function through(?callable $beforeSend): Closure
    {
        return function (mixed $payload) use ($beforeSend): mixed {
            // What the store has itself, it gives as it is.
            $fetched = $payload instanceof self ? $payload : self::of($payload);
            if (!$fetched->isSent) {
                return null;
            }

            return $beforeSend === null ? $fetched : $beforeSend($fetched->payload);
        };
    }

    public function jsonSerialize(): mixed
    {
        return $this->encodes;
    }
}
