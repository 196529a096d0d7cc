<?php
declare(strict_types=1);

namespace Sse\Tools;

use Closure;

/**
 * The events of some keys as they come, a line each.
 */
final class Tail
{
    /**
     * Seconds between two looks.
     */
    private const PAUSE = 0.1;

    private const AT_ONCE = 1000;

    /**
     * By key, the id of the last event that was shown; null for none.
     *
     * @var array<string, string|null>
     */
    private array $last = [];

    /**
     * @param \Closure(string): mixed $print Takes a line.
     * @param bool $asJson Whether a line is JSON, for programs.
     */
    public function __construct(
        private readonly Events $events,
        private readonly Closure $print,
        private readonly bool $asJson = false,
    ) {
    }

    /**
     * Shows what there is, then what comes, until the process is ended.
     *
     * @param list<string> $keys
     * @param string|null $from Where it begins: `all`, a number of events of each key, or an event's id. null for now.
     */
    public function run(array $keys, ?string $from = null): never
    {
        $this->begin($keys, $from);
        while (true) {
            $this->look();
            usleep((int)(self::PAUSE * 1e6));
        }
    }

    /**
     * @param list<string> $keys
     * @throws \Sse\Tools\Usage for a place that isn't one
     */
    public function begin(array $keys, ?string $from = null): void
    {
        $isId = $from !== null && preg_match('/^\d+-\d+$/', $from) === 1;
        if ($from !== null && $from !== 'all' && !$isId && !ctype_digit($from)) {
            throw new Usage(
                "--from takes \"all\", a number of events, or an event's id such as 1764313201123-0; it is \"$from\".",
            );
        }
        $this->last = [];
        foreach ($keys as $key) {
            $this->last[$key] = match (true) {
                $isId => $from,
                $from === 'all' => null,
                default => $this->placeBefore($key, (int)$from),
            };
        }
    }

    /**
     * Shows what came since the last look, of all keys by time.
     */
    public function look(): void
    {
        $found = [];
        foreach ($this->last as $key => $after) {
            $key = (string)$key;
            do {
                $events = $this->events->read($key, $after, self::AT_ONCE);
                foreach ($events as $event) {
                    $found[] = [$event['time'], $key, $event];
                    $after = $event['id'];
                }
                $count = count($events);
            } while ($count >= self::AT_ONCE);
            $this->last[$key] = $after;
        }
        usort($found, fn(array $one, array $other): int => $one[0] <=> $other[0]);
        foreach ($found as [, $key, $event]) {
            ($this->print)($this->asJson ? Json::encode(compact('key') + $event) : $this->line($key, $event));
        }
    }

    /**
     * The id behind which so many of the newest events lie; null for a key that has no more than these.
     */
    private function placeBefore(string $key, int $count): ?string
    {
        $newest = $this->events->read($key, null, -$count - 1);

        return count($newest) > $count ? $newest[0]['id'] : null;
    }

    /**
     * @param array{id: string, time: float, event: ?string, data: mixed, gap: bool} $event
     */
    private function line(string $key, array $event): string
    {
        $milliseconds = (int)round($event['time'] * 1000);
        $time = date('H:i:s', intdiv($milliseconds, 1000)) . sprintf('.%03d', $milliseconds % 1000);
        // What others chose is not to move the terminal's cursor.
        $words = [$time, $event['id'], $key, $event['event'] ?? 'message', Json::encode($event['data'])];
        $line = (string)preg_replace('/[\x00-\x1f\x7f]/', '?', implode('  ', $words));

        return $event['gap'] ? "$line  (events are missing here)" : $line;
    }
}
