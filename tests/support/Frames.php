<?php
declare(strict_types=1);

namespace Sse\Support;

use Closure;
use RuntimeException;

/**
 * The frames of a stream as a client reads them: whole ones only, and the last one's id is kept.
 */
final class Frames
{
    private const FIELDS = ['retry', 'id', 'event', 'data', ''];

    public string $lastId = '';
    private string $rest = '';

    /**
     * @param \Closure(string, mixed): void $on gets each event's name and its data
     */
    public function __construct(private readonly Closure $on)
    {
    }

    /**
     * @throws \RuntimeException for a line that has no place in a frame
     */
    public function feed(string $bytes): void
    {
        [$frames, $this->rest] = self::split($this->rest . $bytes);
        foreach ($frames as $fields) {
            if (isset($fields['unknown'])) {
                throw new RuntimeException("a frame has the line \"{$fields['unknown'][0]}\"");
            }
            if (isset($fields['data'])) {
                $this->lastId = $fields['id'][0];
                ($this->on)($fields['event'][0], json_decode($fields['data'][0], true));
            }
        }
    }

    /**
     * What was cut: forgotten, as a client does.
     */
    public function cut(): string
    {
        $rest = $this->rest;
        $this->rest = '';

        return $rest;
    }

    /**
     * The whole frames in some bytes, each as its fields with their values, and the bytes behind them. A comment's
     * field is empty, and lines that a frame can't have are under "unknown".
     *
     * @return array{list<array<string, list<string>>>, string}
     */
    public static function split(string $bytes): array
    {
        $blocks = explode("\n\n", $bytes);
        $rest = array_pop($blocks);
        $frames = [];
        foreach ($blocks as $block) {
            $fields = [];
            foreach (explode("\n", $block) as $line) {
                [$field, $value] = explode(': ', $line, 2) + [1 => null];
                if ($value !== null && in_array($field, self::FIELDS, true)) {
                    $fields[$field][] = $value;
                } else {
                    $fields['unknown'][] = $line;
                }
            }
            $frames[] = $fields;
        }

        return [$frames, $rest];
    }
}
