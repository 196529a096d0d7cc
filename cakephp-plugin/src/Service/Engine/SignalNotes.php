<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Sse\Service\Store;

/**
 * What the store knows of a key's signal: notes, under a key of their own.
 *
 * A push notes `{"pushing": "…"}` before it stores anything, and `{"pushed": "…", "modified": 7}` when it has touched
 * the signal; the text is the push's own. A stream that finds a time which no push made notes `{"modified": 8}`.
 *
 * Always true: a time that a push has made, or is about to, is noted by that push alone, and any other by one stream
 * alone, on whatever machine.
 *
 * @internal
 */
final class SignalNotes
{
    /**
     * As many notes as are read at once.
     */
    private const ALL = 100_000;

    /**
     * So long a stream waits for a push that it has seen begin, in seconds; one that is not over then died.
     */
    private const LONGEST_PUSH = 5.0;

    /**
     * The newest modification time that was noted.
     */
    public int $modified = 0;

    private readonly string $name;

    private string $position = '0-0';

    /**
     * When pushes began that are not over, as far as this stream knows, by their texts.
     *
     * @var array<string, float>
     */
    private array $pushing = [];

    public function __construct(string $key)
    {
        $this->name = 'sse-signal ' . hash('sha256', $key);
    }

    /**
     * Notes that a push begins.
     *
     * @return string its text
     */
    public function begin(): string
    {
        // Not all digits: PHP would make a number of it as a key.
        $push = 'p' . bin2hex(random_bytes(8));
        Store::instance()->push($this->name, ['pushing' => $push]);

        return $push;
    }

    /**
     * Notes that a push is over, and the time that the signal says.
     */
    public function end(string $push, int $modified): void
    {
        Store::instance()->push($this->name, ['pushed' => $push, 'modified' => $modified]);
    }

    /**
     * Notes a time that the signal says.
     *
     * @return bool false if a push has made it, or may be about to note it, or another stream was faster
     */
    public function noteFirst(int $modified): bool
    {
        $this->readOn();
        $alive = array_filter($this->pushing, fn(float $seen): bool => $seen > microtime(true) - self::LONGEST_PUSH);
        if ($modified <= $this->modified || $alive !== []) {
            return false;
        }

        return Store::instance()->push($this->name, compact('modified'), after: $this->position) !== null;
    }

    private function readOn(): void
    {
        $after = $this->position === '0-0' ? null : $this->position;
        // Of what was there when the stream began, it has the store's word for when it was.
        $isOld = $after === null;
        foreach (Store::instance()->read($this->name, $after, self::ALL) as $entry) {
            $this->position = $entry['id'];
            $note = (array)$entry['data'];
            $this->modified = max($this->modified, $note['modified'] ?? 0);
            if (isset($note['pushing'])) {
                $this->pushing[$note['pushing']] = $isOld ? $entry['time'] : microtime(true);
            }
            unset($this->pushing[$note['pushed'] ?? '']);
        }
    }
}
