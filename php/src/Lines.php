<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * A log read line by line, in pieces, without ever taking a line that isn't whole.
 *
 * Always true: no more is held in memory than a line may have (`Format::most()`), whatever the file has. A longer one is
 * passed over in pieces, up to its LF, and answered as a line of no bytes: damage.
 */
final class Lines
{
    /** A line without its LF is in `line`, its offset in `at`. */
    public const LINE = 1;

    /** Nothing yet: so much was read as may be read at a time. */
    public const MORE = 2;

    /** No whole line before the end of the file. */
    public const END = 3;

    /** Bytes read at a time; a longer line makes it grow. */
    private const PIECE = 16 << 10;

    /** It grows no further than this. */
    private const LARGEST_PIECE = 1 << 20;

    /** The line that was read last, and its offset. */
    public string $line = '';
    public int $at = 0;

    /** Offset of the line that is too long, while the next LF is looked for. */
    public ?int $tooLong = null;

    /** What was read ahead, and where the next line starts in it. */
    private string $buffer = '';
    private int $start = 0;

    /** The last read met the end of the file. */
    private bool $ended = false;

    /**
     * @param int $offset what is looked at next: of a line, unless there is one that is too long
     */
    public function __construct(public int $offset)
    {
    }

    /**
     * The next whole line, however much has to be read for it.
     */
    public function next(File $file): ?string
    {
        $budget = PHP_INT_MAX;

        return $this->step($file, $budget) === self::LINE ? $this->line : null;
    }

    /**
     * The next whole line, if about `budget` bytes are enough to read for it; what is read is taken from that. At the
     * end of the file all that was read ahead is forgotten: a torn line there may become another one.
     *
     * @return self::LINE|self::MORE|self::END
     * @phpstan-impure
     */
    public function step(File $file, int &$budget): int
    {
        $searched = $this->start;
        while (true) {
            $end = strpos($this->buffer, "\n", $searched);
            if ($end !== false) {
                $this->at = $this->tooLong ?? $this->offset;
                $this->line = $this->tooLong === null ? substr($this->buffer, $this->start, $end - $this->start) : '';
                $this->tooLong = null;
                $this->offset += $end + 1 - $this->start;
                $this->start = $end + 1;

                return self::LINE;
            }
            $this->buffer = substr($this->buffer, $this->start);
            $this->start = 0;
            if ($this->tooLong !== null || strlen($this->buffer) > Format::most($this->buffer)) {
                $this->tooLong ??= $this->offset;
                $this->offset += strlen($this->buffer);
                $this->buffer = '';
            }
            $searched = strlen($this->buffer);
            if (!$this->ended && $budget <= 0) {
                return self::MORE;
            }
            $count = $this->ended ? 0 : $this->fill($file);
            if ($count === 0) {
                $this->forget();

                return self::END;
            }
            $budget -= $count;
        }
    }

    /**
     * Forgets that the last read met the end of the file, with what it read ahead: there may be more by now, or
     * something else.
     */
    public function lookAgain(): void
    {
        if ($this->ended) {
            $this->forget();
        }
    }

    /**
     * Steps back to a line that was just read, to read it anew from the file.
     */
    public function backTo(int $offset): void
    {
        $this->offset = $offset;
        $this->tooLong = null;
        $this->forget();
    }

    private function forget(): void
    {
        $this->buffer = '';
        $this->start = 0;
        $this->ended = false;
    }

    private function fill(File $file): int
    {
        $held = strlen($this->buffer);
        $wanted = min(max($held, $this->tooLong === null ? self::PIECE : self::LARGEST_PIECE), self::LARGEST_PIECE);
        $piece = $file->readAt($this->offset + $held, $wanted);
        $this->buffer .= $piece;
        $this->ended = strlen($piece) < $wanted;

        return strlen($piece);
    }
}
