<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use JsonSerializable;

/**
 * A payload as the JSON that PHP made of it: encoded again, it is the same text.
 *
 * @internal
 */
final class JsonText implements JsonSerializable
{
    /**
     * @param string $json What json_encode() answered.
     */
    public function __construct(public readonly string $json)
    {
    }

    /**
     * What a closure of the application gets: arrays where objects were.
     *
     * @return mixed
     */
    public function payload(): mixed
    {
        return json_decode($this->json, true);
    }

    /**
     * @return mixed
     */
    public function jsonSerialize(): mixed
    {
        // The one text that PHP writes and doesn't read as what it was: -0, which becomes the integer 0.
        $json = str_contains($this->json, '-0')
            ? preg_replace('/"(?:[^"\\\\]++|\\\\.)*+"(*SKIP)(*FAIL)|-0(?![.\deE])/', '-0.0', $this->json)
            : $this->json;

        return json_decode($json ?? $this->json);
    }
}
