<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * An event's line, read but not yet taken apart.
 */
final class Line
{
    public function __construct(
        public readonly EventId $id,
        private string $flags,
        private string $json,
    ) {
    }

    /**
     * The event; null if its flags can't be what we wrote, which the checksum all but rules out.
     */
    public function event(): ?Event
    {
        [$name, $cut, $external] = [null, null, false];
        foreach ($this->flags === '-' ? [] : explode(',', $this->flags) as $flag) {
            [$kind, $value] = explode('=', $flag, 2) + [1 => null];
            switch ($value === null ? $flag : "$kind=") {
                case 'n=':
                    $name = $this->name((string)$value);
                    if ($name === null) {
                        return null;
                    }
                    break;
                case 'c=':
                    $cut = $this->cut((string)$value);
                    if ($cut === null) {
                        return null;
                    }
                    break;
                case 't=':
                    if (self::time((string)$value) === null) {
                        return null;
                    }
                    break;
                case 'x':
                    $external = true;
                    break;
                default:
                    return null;
            }
        }

        return new Event($this->id, $this->storedMillis(), new Draft($name, $cut, $this->json, $external));
    }

    /**
     * When it was stored, in milliseconds since 1970.
     */
    public function storedMillis(): int
    {
        if (str_contains($this->flags, 't=')) {
            foreach (explode(',', $this->flags) as $flag) {
                $time = str_starts_with($flag, 't=') ? self::time(substr($flag, 2)) : null;
                if ($time !== null) {
                    return $time;
                }
            }
        }

        return $this->id->millis;
    }

    private function name(string $encoded): ?string
    {
        try {
            return EventName::stored(rawurldecode($encoded));
        } catch (Failure) {
            return null;
        }
    }

    /**
     * @return array{int, int}|null
     */
    private function cut(string $value): ?array
    {
        [$start, $length] = array_map(EventId::number(...), explode('+', $value)) + [1 => null];

        return $start === null || $length === null || $start + $length > strlen($this->json)
            ? null
            : [$start, $length];
    }

    private static function time(string $digits): ?int
    {
        $millis = EventId::number($digits);

        return $millis !== null && $millis <= EventId::MAX_MILLIS ? $millis : null;
    }
}
