<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The content of a store's file `store`: `sse-store 1 <epoch> <floor> <crc32>`.
 */
final class Meta
{
    private const FORMAT = 1;

    /**
     * @param int $epoch drawn when the store was made
     * @param \Sse\Polyfill\EventId $floor above every id of every log that was removed
     */
    public function __construct(public readonly int $epoch, public readonly EventId $floor)
    {
    }

    /**
     * Of a new store.
     */
    public static function draw(): self
    {
        return new self(random_int(0, 0xffffffff), EventId::zero());
    }

    /**
     * As it is written.
     */
    public function text(): string
    {
        return Format::summed(sprintf('sse-store %d %08x %s', self::FORMAT, $this->epoch, $this->floor->text())) . "\n";
    }

    /**
     * Reads it.
     *
     * @throws \Sse\Polyfill\Failure for a damaged one, and one of a later format
     */
    public static function read(string $bytes, string $path): self
    {
        $damaged = static fn(string $what): Failure => Failure::store(
            "$path is damaged: $what; remove it, and a new store starts (clients are told of a gap)",
        );
        if (!Printable::isUtf8($bytes)) {
            throw $damaged("it isn't text");
        }
        if (!str_ends_with($bytes, "\n")) {
            throw $damaged('its line has no end');
        }
        $line = substr($bytes, 0, -1);
        if (!str_contains($line, ' ')) {
            throw $damaged('it has no checksum');
        }
        $body = Format::unsummed($line) ?? throw $damaged('its checksum is wrong');
        if (!str_starts_with($body, 'sse-store ')) {
            throw $damaged("it doesn't begin with \"sse-store\"");
        }
        $fields = explode(' ', substr($body, strlen('sse-store ')));
        $format = EventId::number($fields[0]) ?? throw $damaged('it has no format number');
        if ($format > self::FORMAT) {
            throw Failure::newerFormat($path, $format, self::FORMAT);
        }
        $epoch = Format::hex($fields[1] ?? '') ?? throw $damaged('it has no epoch');
        $floor = EventId::parse($fields[2] ?? '') ?? throw $damaged('it has no floor');

        return new self($epoch, $floor);
    }
}
