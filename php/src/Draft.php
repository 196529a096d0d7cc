<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * An event on its way into a store: everything but the id.
 *
 * The JSON is text from push to wire, never decoded and encoded again. Where the payload itself carries the name
 * (`{"event": "toast", …}`), the place of that member is found once, at push; the wire form is the text without it.
 */
final class Draft
{
    /**
     * @param string|null $name explicit or from the payload; without one, the stream's `eventName` is used
     * @param array{int, int}|null $cut offset and length of the member (and one comma) that named it
     * @param string $json the payload as PHP encoded it; for an external event, what it is fetched by
     * @param bool $external the payload itself lies elsewhere
     */
    public function __construct(
        public readonly ?string $name,
        public readonly ?array $cut,
        public readonly string $json,
        public readonly bool $external = false,
    ) {
    }

    /**
     * A draft from JSON; an explicit name wins and leaves the data alone, else a non-empty string in the top-level
     * member `event` names the event and is cut from the wire form.
     *
     * @throws \Sse\Polyfill\Failure if the payload's own name can't be one
     */
    public static function of(string $json, ?string $name): self
    {
        $member = $name === null ? self::eventMember($json) : null;

        return $member === null
            ? new self($name, null, $json)
            : new self(EventName::checked($member[2]), [$member[0], $member[1]], $json);
    }

    /**
     * A draft whose payload lies elsewhere; the reference is JSON and names nothing.
     */
    public static function external(string $reference, ?string $name): self
    {
        return new self($name, null, $reference, true);
    }

    /**
     * The JSON as it goes onto the wire.
     */
    public function wireJson(): string
    {
        return $this->cut === null ? $this->json : substr_replace($this->json, '', ...$this->cut);
    }

    /**
     * The top-level member `event` of a JSON object as PHP writes it, if it is a non-empty string: offset and length of
     * what takes it out (with one comma), and the string.
     *
     * @return array{int, int, string}|null
     */
    private static function eventMember(string $json): ?array
    {
        if (!str_starts_with($json, '{') || !str_contains($json, '"event":')) {
            return null;
        }
        $at = 1;
        $comma = null;
        while (($json[$at] ?? '') === '"') {
            $start = $at;
            $colon = self::endOfString($json, $at);
            $end = self::endOfValue($json, $colon + 1);
            if (substr($json, $start, $colon - $start) === '"event"') {
                $text = json_decode(substr($json, $colon + 1, $end - $colon - 1));
                if (!is_string($text) || $text === '') {
                    return null;
                }
                if ($comma !== null) {
                    return [$comma, $end - $comma, $text];
                }

                return [$start, $end - $start + (int)(($json[$end] ?? '') === ','), $text];
            }
            $comma = $end;
            $at = $end + 1;
        }

        return null;
    }

    /**
     * Where a string ends that begins there.
     */
    private static function endOfString(string $json, int $at): int
    {
        $length = strlen($json);
        $at++;
        while ($at < $length) {
            $at += strcspn($json, '"\\', $at);
            if (($json[$at] ?? '"') === '"') {
                break;
            }
            $at += 2;
        }

        return min($at + 1, $length);
    }

    /**
     * Where a value ends that begins there: at the comma or bracket behind it.
     */
    private static function endOfValue(string $json, int $at): int
    {
        $length = strlen($json);
        $depth = 0;
        while ($at < $length) {
            $at += strcspn($json, '"{[]},', $at);
            switch ($json[$at] ?? '') {
                case '"':
                    $at = self::endOfString($json, $at);
                    continue 2;
                case '{':
                case '[':
                    $depth++;
                    break;
                case ',':
                    if ($depth === 0) {
                        return $at;
                    }
                    break;
                default:
                    if ($depth === 0) {
                        return $at;
                    }
                    $depth--;
            }
            $at++;
        }

        return $length;
    }
}
