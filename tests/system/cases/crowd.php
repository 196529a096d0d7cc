<?php
declare(strict_types=1);

namespace Sse\Tests;

use Sse\Support\Frames;

require __DIR__ . '/../lib.inc';

/*
 * 8 processes push to 2 keys, some are killed and replaced; 3 clients stream both keys, are cut at random in the
 * middle of anything, and resume. With all kept, each gets every event once and in order; with little kept, what it
 * doesn't get was told as a gap.
 */

const KEYS = ['one', 'two'];
const PUSHERS = 8;
const READERS = ['inotify', 'notify', 'poll'];
const EACH = 600;

/** Pushes its numbers, and says which id each got. */
const PUSH = <<<'PHP'
    [, $pusher, $count] = $argv;
    for ($number = 0; $number < $count; $number++) {
        $key = random_int(0, 1) ? 'one' : 'two';
        $id = Sse\push($key, ['key' => $key, 'pusher' => (int)$pusher, 'number' => $number, 'fill' => str_repeat('x', random_int(0, 300))]);
        echo "$key $id $pusher $number\n";
        random_int(0, 3) || usleep(random_int(0, 40_000));
    }
    PHP;

const STREAM = <<<'PHP'
    Sse\stream(['one', 'two'], ['lastEventId' => $argv[1], 'lifetime' => (float)$argv[2], 'connected' => (bool)random_int(0, 1)]);
    PHP;

foreach (['all kept' => 100_000, 'little kept' => 40] as $name => $kept) {
    $told = round_of(store(strtr($name, ' ', '-')), $kept);
    $done[] = "$name: $told";
}
pass(implode('; ', $done));

function round_of(string $store, int $kept): string
{
    $settings = ['sse.retention_events' => $kept];
    $start = trim(Process::php($store, 'echo Sse\cursor(["one", "two"]);', $settings)->wait());
    $readers = array_map(fn (string $signal): Reader => new Reader($store, $signal, $settings, $start), READERS);
    $pushers = [];
    for ($number = 0; $number < PUSHERS; $number++) {
        $pushers[] = Process::php($store, PUSH, $settings, [$number, EACH]);
    }
    $spare = PUSHERS;
    $killed = [];
    until(function () use (&$pushers, &$spare, &$killed, $readers, $store, $settings): bool {
        foreach ($readers as $reader) {
            $reader->turn();
        }
        foreach ($pushers as $pusher) {
            $pusher->output();
        }
        if (count($killed) < 4 && random_int(0, 60) === 0) {
            $victim = array_rand($pushers);
            if ($pushers[$victim]->runs()) {
                $pushers[$victim]->kill();
                $killed[] = $pushers[$victim];
                $pushers[] = Process::php($store, PUSH, $settings, [$spare++, EACH]);
            }
        }

        return array_filter($pushers, fn (Process $pusher): bool => $pusher->runs()) === [];
    }, 'the pushers');
    $answered = [];
    foreach ($pushers as $pusher) {
        in_array($pusher, $killed, true) || $pusher->wait();
        // A line that a kill has cut was not answered.
        preg_match_all('/^(one|two) (\S+) (\d+) (\d+)\n/m', $pusher->output(), $lines, PREG_SET_ORDER);
        foreach ($lines as [, $key, $id, $by, $number]) {
            $answered[$key]["$by-$number"] = $id;
        }
    }
    foreach (KEYS as $key) {
        $ids[$key] = trim(Process::php($store, 'echo Sse\push($argv[1], ["key" => $argv[1], "end" => true]);', $settings, [$key])->wait());
        $answered[$key]['end'] = $ids[$key];
    }
    until(function () use ($readers): bool {
        return array_filter($readers, fn (Reader $reader): bool => !$reader->turn()) === [];
    }, 'the readers');

    $gaps = 0;
    foreach ($readers as $reader) {
        $reader->stop();
        foreach (KEYS as $key) {
            $gaps += check($reader, $key, $answered[$key], $kept > 1_000);
        }
    }
    $cuts = array_sum(array_map(fn (Reader $reader): int => $reader->cuts, $readers));
    $cuts >= 10 || fail("only $cuts cuts: that proves little");
    $events = array_sum(array_map(count(...), $answered));

    return "$events events, $cuts cuts, " . count($killed) . " pushers killed, $gaps gaps told";
}

/** Each event that a push answered came once, in the order of ids, or lies in a gap; answers how many gaps there were. */
function check(Reader $reader, string $key, array $answered, bool $lossless): int
{
    $last = '0-0';
    $seen = [];
    $gaps = [];
    foreach ($reader->got[$key] as [$kind, $what]) {
        if ($kind === 'gap') {
            $gaps[] = $what;
            continue;
        }
        isset($seen[$what]) && fail("$reader->signal, $key: $what came twice");
        $seen[$what] = true;
        // The last event of a killed pusher is stored, but nobody was told its id.
        if (isset($answered[$what])) {
            compare($last, $answered[$what]) < 0 || fail("$reader->signal, $key: $what ($answered[$what]) came after $last");
            $last = $answered[$what];
        }
    }
    $lossless && $gaps && fail("$reader->signal, $key: a gap, though all is kept: " . json_encode($gaps));
    foreach ($answered as $what => $id) {
        if (isset($seen[$what])) {
            continue;
        }
        $covering = array_filter($gaps, fn (array $gap): bool => compare($gap['from'], $id) < 0 && compare($id, $gap['to']) <= 0);
        $covering || fail("$reader->signal, $key: $what ($id) never came, and no gap was told");
    }

    return count($gaps);
}

function compare(string $a, string $b): int
{
    return array_map(intval(...), explode('-', $a)) <=> array_map(intval(...), explode('-', $b));
}

/** A client: it knows what it received, and nothing else. */
final class Reader
{
    /** @var array<string, list<array{string, mixed}>> */
    public array $got = ['one' => [], 'two' => []];
    public int $cuts = 0;
    private ?Process $stream = null;
    private Frames $frames;
    private int $until = 0;
    private array $ended = [];

    /** @param array<string, string|int> $settings */
    public function __construct(private string $store, public string $signal, private array $settings, string $start)
    {
        $this->frames = new Frames($this->on(...));
        $this->frames->lastId = $start;
    }

    /** Goes on a little; true once it has the end of both keys. */
    public function turn(): bool
    {
        if (count($this->ended) === 2) {
            return true;
        }
        if ($this->stream === null) {
            $settings = $this->settings + ['sse.signal' => $this->signal, 'sse.retry' => 0];
            $this->stream = Process::php($this->store, STREAM, $settings, [$this->frames->lastId, random_int(1, 20) / 10]);
            $this->until = hrtime(true) + random_int(1, 250) * 1_000_000;
        }
        // Sometimes in small pieces, so that it is cut within a frame.
        $this->frames->feed($this->stream->take());
        $runs = $this->stream->runs();
        if (!$runs || hrtime(true) > $this->until) {
            if ($runs) {
                $this->stream->kill();
                $this->cuts++;
            } else {
                $this->stream->wait();
            }
            // What was on its way is lost with the connection, or not.
            random_int(0, 1) && $this->frames->feed($this->stream->take());
            $this->frames->cut();
            $this->stream = null;
        }

        return false;
    }

    public function stop(): void
    {
        $this->stream?->kill();
    }

    private function on(string $event, array $data): void
    {
        if ($event === 'connected') {
            return;
        }
        if ($event === 'sse-gap') {
            foreach ($data['keys'] as $key) {
                $this->got[$key][] = ['gap', $data];
            }

            return;
        }
        $key = $data['key'];
        $this->got[$key][] = ['event', isset($data['end']) ? 'end' : "$data[pusher]-$data[number]"];
        isset($data['end']) && $this->ended[$key] = true;
    }
}
