<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Where the readable lines lie that matter to a start, and where the whole ones end.
 */
final class Index
{
    /** Bytes at the end of a log in which the start is looked for first; then eight times as many, and so on. */
    private const FIRST_LOOK = 16 << 10;

    /** The last one that isn't wanted. */
    public ?Place $before = null;

    /** The first one that is. */
    public ?Place $first = null;

    /** The last one. */
    public ?Place $last = null;

    /** Where the whole lines end. */
    public int $end;

    /**
     * Looks from the end of the file: a log is long, and what is asked for is most often near there. Goes back further
     * until it has met what lies before the start.
     *
     * @param int $body offset of the first event
     * @throws \Sse\Polyfill\SystemError
     */
    public static function of(File $file, int $body, Start $start): self
    {
        $size = $file->status()->size;
        for ($bytes = self::FIRST_LOOK;; $bytes *= 8) {
            $from = max($size - $bytes, $body);
            $lines = new Lines($from);
            if ($from > $body) {
                // The end of a line whose beginning isn't here.
                $lines->next($file);
            }
            $index = new self($lines, $file, $start);
            $met = $start->after !== null || $start->newest > 0 ? $index->before : $index->last;
            if ($met !== null || $from === $body) {
                return $index;
            }
        }
    }

    private function __construct(Lines $lines, File $file, Start $start)
    {
        // The newest so many, of which the first is the one.
        $newest = [];
        for ($text = $lines->next($file); $text !== null; $text = $lines->next($file)) {
            $line = Format::readLine($text);
            if ($line === null) {
                continue;
            }
            $place = new Place($line->id, $lines->at, $lines->offset);
            $this->last = $place;
            if ($start->after !== null) {
                if ($this->first === null && !$line->id->isAfter($start->after)) {
                    $this->before = $place;
                } else {
                    $this->first ??= $place;
                }
            } elseif ($start->newest > 0) {
                $newest[] = $place;
            }
        }
        if ($newest !== []) {
            $from = max(0, count($newest) - $start->newest);
            $this->first = $newest[$from];
            $this->before = $newest[$from - 1] ?? null;
        }
        $this->end = $lines->offset;
    }
}
