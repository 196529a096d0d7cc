<?php
declare(strict_types=1);

namespace Sse\Tests;

use Sse\Support\Frames;

require __DIR__ . '/../lib.inc';

/*
 * 100,000 events through one stream, with closures, two keys and retention at work: its memory and its descriptors stay
 * as they were after the first 10,000.
 */

const EVENTS = 100_000;
const WARM = 10_000;
/** Events that may be on their way: fewer than are kept. */
const AHEAD = 500;
/** What an allocator may keep between two moments of one load. */
const GROWTH_KB = 512;

$store = store();
$settings = ['sse.retention_events' => 1_000, 'memory_limit' => '32M'];
$stream = Process::php($store, <<<'PHP'
    Sse\stream(['odd', 'even'], [
        'lifetime' => 0, 'replay' => 'none', 'poll' => 0.05,
        'beforeSend' => fn (array $payload): ?array => $payload['n'] % 10 === 9 ? null : ['n' => $payload['n'], 'event' => 'changed'],
        'onLoop' => function (): void {
            static $calls = 0;
            ++$calls % 100 ?: throw new Exception('as applications do');
        },
    ]);
    PHP, $settings);
$next = 0;
$frames = new Frames(function (string $event, mixed $data) use (&$next): void {
    if ($event === 'connected') {
        return;
    }
    $next % 10 === 9 && $next++;
    [$event, $data] === ['changed', ['n' => $next]] || fail("event $next was expected, $event " . json_encode($data) . ' came');
    $next++;
});
$read = function () use ($frames, $stream): void {
    $frames->feed($stream->take());
    $stream->runs() || fail('the stream ended: ' . $stream->log());
};
until(function () use ($read, $frames): bool {
    $read();

    return $frames->lastId !== '';
}, 'the stream');
// It pushes when it is told how far it may go.
$allowed = place() . '/allowed';
file_put_contents($allowed, '0');
$pusher = Process::php($store, <<<'PHP'
    for ($n = 0; $n < (int)$argv[2]; $n++) {
        while ($n % 100 === 0 && (int)file_get_contents($argv[1]) <= $n) {
            usleep(500);
        }
        // Ids of the two keys rise together only if they aren't made within one millisecond.
        Sse\push(intdiv($n, 100) % 2 ? 'odd' : 'even', ['n' => $n, 'fill' => str_repeat('x', 100)]);
    }
    PHP, $settings, [$allowed, EVENTS]);
$look = fn (): array => ['kb' => status($stream->pid(), 'VmRSS'), 'descriptors' => count(scandir("/proc/{$stream->pid()}/fd"))];
$warm = null;
for ($goal = 100; $goal <= EVENTS; $goal += 100) {
    // One key at a time: the next hundred goes to the other one.
    file_put_contents("$allowed.new", (string)$goal);
    rename("$allowed.new", $allowed);
    until(function () use ($read, &$next, $goal): bool {
        $read();

        return $next >= $goal - 1;
    }, "event $goal");
    $goal === WARM && $warm = $look();
}
$end = $look();
$pusher->wait();
$stream->kill();
same($warm['descriptors'], $end['descriptors'], 'descriptors');
$end['kb'] <= $warm['kb'] + GROWTH_KB || fail("memory went from $warm[kb] to $end[kb] KiB");
pass(sprintf('%d KiB after %d events, %d KiB after %d; %d descriptors', $warm['kb'], WARM, $end['kb'], EVENTS, $end['descriptors']));
