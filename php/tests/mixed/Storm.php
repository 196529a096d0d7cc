<?php
declare(strict_types=1);

namespace Sse\Polyfill\Test\Mixed;

/*
 * Pushers and readers of two kinds on one key at once, and kill -9 among them.
 */

const PATIENCE = 120;

final class Storm
{
    /** Events that a page stores at a time, and so those that were stored if it was killed before it said so. */
    public const BATCH = 25;

    private const PUSHERS = 4;
    private const READERS = 4;

    /** @var array<string, array{resource, list<string>}> */
    private array $running = [];

    /** @var array<string, int> events that a pusher still has to push */
    private array $open = [];

    private int $kills = 0;

    /**
     * @param string $what what is mixed
     * @param string $directory for its notes
     * @param string $store the directory of the store
     * @param list<array{flags: list<string>, url: string}> $kinds two kinds: what PHP is started with, and where the pages
     *   are that push and stream in its place; '' for none
     * @param int|null $fpm the PHP-FPM that serves those pages: its workers are killed too
     */
    public function __construct(
        private string $what,
        private string $directory,
        private string $store,
        private array $kinds,
        private int $events,
        private int $retention,
        private ?int $fpm = null,
    ) {
        is_dir($directory) || mkdir($directory, recursive: true);
    }

    public function run(): void
    {
        for ($number = 0; $number < self::PUSHERS; $number++) {
            $this->open["p$number"] = intdiv($this->events, self::PUSHERS);
        }
        for ($number = 0; $number < self::READERS; $number++) {
            $this->start("r$number", ['read', $this->notes("r$number")]);
        }
        $until = microtime(true) + PATIENCE;
        while ($this->open !== []) {
            microtime(true) < $until || $this->fail('the pushers take too long');
            foreach (array_keys($this->open) as $pusher) {
                $this->goOn($pusher);
            }
            usleep(mt_rand(2_000, 40_000));
            $this->kill();
        }
        // Behind everything else.
        $this->start('p-end.0', ['push', 'end', '1', $this->notes('p-end.0')]);
        while (!$this->haveAllSeenTheEnd()) {
            microtime(true) < $until || $this->fail('the readers take too long');
            usleep(20_000);
        }
        array_map(proc_terminate(...), array_column($this->running, 0));
        $this->running = [];
        printf(
            "%s: %d events, at most %d kept, %d times kill -9: %s\n",
            $this->what,
            $this->events,
            $this->retention,
            $this->kills,
            $this->retention >= $this->events ? $this->checkAll() : $this->checkGaps(),
        );
    }

    /** Sees to it that a pusher runs as long as it has something to push; each process pushes under its own name. */
    private function goOn(string $pusher): void
    {
        foreach (array_keys($this->running) as $name) {
            if (str_starts_with($name, "$pusher.")) {
                if (proc_get_status($this->running[$name][0])['running']) {
                    return;
                }
                $this->open[$pusher] -= count($this->lines($name));
                unset($this->running[$name]);
            }
        }
        if ($this->open[$pusher] <= 0) {
            unset($this->open[$pusher]);

            return;
        }
        $generation = count(glob($this->notes("$pusher.*")) ?: []);
        $name = "$pusher.$generation";
        file_put_contents($this->notes($name), '');
        $this->start($name, ['push', $name, (string)$this->open[$pusher], $this->notes($name)]);
    }

    /** Stops one process in the midst of things; a reader begins anew where it was. */
    private function kill(): void
    {
        $name = array_rand($this->running);
        if (mt_rand(0, 2) > 0 || $name === null) {
            return;
        }
        $this->kills++;
        if ($this->fpm !== null && mt_rand(0, 1) === 0) {
            $workers = explode(' ', trim((string)file_get_contents("/proc/$this->fpm/task/$this->fpm/children")));
            posix_kill((int)$workers[array_rand($workers)], SIGKILL);

            return;
        }
        [$process, $arguments] = $this->running[$name];
        proc_terminate($process, 9);
        while (proc_get_status($process)['running']) {
            usleep(200);
        }
        if ($arguments[0] === 'read') {
            unset($this->running[$name]);
            $this->start($name, $arguments);
        }
    }

    /** @param list<string> $arguments */
    private function start(string $name, array $arguments): void
    {
        // Half of them are of either kind, and who begins anew is of the other one.
        static $number = 0;
        ['flags' => $flags, 'url' => $url] = $this->kinds[$number++ % 2];
        $command = [
            PHP_BINARY, '-n', '-d', 'display_errors=stderr', '-d', "error_log=$this->directory/error.log", ...$flags,
            __DIR__ . '/worker.php', $this->store, (string)$this->retention, $url, ...$arguments,
        ];
        $log = ['file', "$this->directory/output.log", 'a'];
        $process = proc_open($command, [['file', '/dev/null', 'r'], $log, $log], $pipes);
        $this->running[$name] = [is_resource($process) ? $process : $this->fail('no process can be started'), $arguments];
    }

    private function haveAllSeenTheEnd(): bool
    {
        for ($number = 0; $number < self::READERS; $number++) {
            if (!str_contains((string)file_get_contents($this->notes("r$number")), '["end",1]')) {
                return false;
            }
        }

        return true;
    }

    /** What must hold where all is kept. */
    private function checkAll(): string
    {
        $log = $this->log();
        $this->checkRising(array_keys($log), 'the log');
        foreach (glob($this->notes('p*')) ?: [] as $path) {
            $name = basename($path, '.notes');
            $own = array_keys(array_filter($log, static fn(string $data): bool => str_starts_with($data, "[\"$name\",")));
            $numbers = array_map(static fn(string $id): int => json_decode($log[$id])[1], $own);
            $answered = $name === 'p-end.0' ? [] : $this->lines($name);
            // More may be there whose pusher was killed before it could note them.
            $numbers === array_slice(range(1, count($answered) + self::BATCH), 0, count($numbers))
                && count($numbers) >= count($answered)
                || $this->fail("$name: pushed " . count($answered) . ', in the log are ' . json_encode($numbers));
            foreach ($answered as $index => $line) {
                "$own[$index] {$numbers[$index]}" === $line || $this->fail("$name was answered $line, and there is $own[$index]");
            }
        }
        for ($number = 0; $number < self::READERS; $number++) {
            [$seen, $gaps] = $this->seen("r$number");
            $gaps === [] || $this->fail("r$number was told of gaps: " . json_encode($gaps));
            $seen === array_values($log) || $this->fail("r$number has seen " . count($seen) . ' events, there are ' . count($log));
        }

        return 'none lost, none doubled, order kept, by all readers';
    }

    /** What must hold where few are kept: a reader doesn't know of which event it was told, so numbers tell. */
    private function checkGaps(): string
    {
        $stored = [];
        foreach (glob($this->notes('p?.*')) ?: [] as $path) {
            $name = basename($path, '.notes');
            foreach ($this->lines($name) as $line) {
                [$id, $event] = explode(' ', $line);
                $stored["[\"$name\",$event]"] = $id;
            }
        }
        $told = 0;
        for ($number = 0; $number < self::READERS; $number++) {
            [$seen, $gaps] = $this->seen("r$number");
            count($seen) === count(array_unique($seen)) || $this->fail("r$number has seen events twice");
            $known = array_filter(array_map(static fn(string $data): ?string => $stored[$data] ?? null, $seen));
            $this->checkRising(array_values($known), "r$number");
            foreach (array_diff_key($stored, array_flip($seen)) as $data => $id) {
                $told++;
                foreach ($gaps as [$from, $to]) {
                    if (strnatcmp($from, $id) < 0 && strnatcmp($id, $to) <= 0) {
                        continue 2;
                    }
                }
                $this->isBeforeTheFirst($id, $known) || $this->fail("r$number knows nothing of $data ($id)");
            }
        }

        return "nothing unseen and untold, nothing twice; $told were told of or came before the reader";
    }

    /**
     * A reader that came without a cursor was told of nothing before its first event.
     *
     * @param array<string> $known
     */
    private function isBeforeTheFirst(string $id, array $known): bool
    {
        return $known === [] || strnatcmp($id, (string)reset($known)) < 0;
    }

    /** @param list<string> $ids */
    private function checkRising(array $ids, string $where): void
    {
        foreach (array_slice($ids, 1) as $index => $id) {
            strnatcmp($ids[$index], $id) < 0 || $this->fail("$where: $ids[$index], then $id");
        }
    }

    /** @return array<string, string> data by id, as the log has them now */
    private function log(): array
    {
        $log = [];
        $text = (string)file_get_contents((glob("$this->store/*.log") ?: [''])[0]);
        foreach (array_slice(explode("\n", $text), 1, -1) as $line) {
            $event = \Sse\Polyfill\Format::readLine($line)?->event() ?? $this->fail("a damaged line: $line");
            isset($log[$event->id->text()]) && $this->fail("two events have the id {$event->id->text()}");
            $log[$event->id->text()] = $event->draft->json;
        }

        return $log;
    }

    /** @return array{list<string>, list<array{string, string}>} data of the events, and gaps, that a reader has seen */
    private function seen(string $reader): array
    {
        $text = (string)file_get_contents($this->notes($reader));
        preg_match_all('/^event: message\ndata: (.*)$/m', $text, $data);
        preg_match_all('/^data: .*"from":"(.*)","to":"(.*)"}$/m', $text, $gaps, PREG_SET_ORDER);

        return [$data[1], array_map(static fn(array $gap): array => [$gap[1], $gap[2]], $gaps)];
    }

    /** @return list<string> */
    private function lines(string $name): array
    {
        $lines = explode("\n", (string)file_get_contents($this->notes($name)));
        array_pop($lines);

        return $lines;
    }

    private function notes(string $name): string
    {
        return "$this->directory/$name.notes";
    }

    private function fail(string $what): never
    {
        array_map(static fn(array $process): bool => proc_terminate($process[0], 9), $this->running);
        fwrite(STDERR, "$what\nsee $this->directory\n");
        exit(1);
    }
}
