<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * Events at which an application's code failed fatally, so that one of them can't end every stream of its key for ever.
 *
 * Beside the log lies `<name>.failed` with one line per event: `<id> <times>\n`. It is small, made only after a failure,
 * and replaced whole.
 */
final class Failures
{
    /** Failures remembered for a key; the oldest are forgotten. */
    private const REMEMBERED = 100;

    private string $path;

    public function __construct(private Directory $directory, Key $key)
    {
        $this->path = substr($directory->log($key), 0, -strlen('log')) . 'failed';
    }

    /**
     * How often which events failed. What can't be read counts as nothing.
     *
     * @return array<string, int> by the ids
     */
    public function all(): array
    {
        try {
            $text = Directory::readSmall($this->path);
        } catch (SystemError) {
            return [];
        }
        $failures = [];
        foreach (explode("\n", $text) as $line) {
            [$id, $times] = explode(' ', $line, 2) + [1 => ''];
            $times = EventId::number($times);
            if (EventId::parse($id) !== null && $times !== null) {
                $failures[$id] = $times;
            }
        }

        return $failures;
    }

    /**
     * Remembers a failure.
     *
     * @throws \Sse\Polyfill\Failure what is wrong with the directory
     */
    public function record(EventId $id): void
    {
        $this->directory->locked(function () use ($id): void {
            $failures = $this->all();
            $failures[$id->text()] = ($failures[$id->text()] ?? 0) + 1;
            // Ids that are written like this are in their order.
            uksort($failures, strnatcmp(...));
            $text = '';
            foreach (array_slice($failures, -self::REMEMBERED, null, true) as $failed => $times) {
                $text .= "$failed $times\n";
            }
            $this->directory->replace($this->path, $text);
        });
    }
}
