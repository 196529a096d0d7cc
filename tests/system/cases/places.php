<?php
declare(strict_types=1);

namespace Sse\Tests;

require __DIR__ . '/../lib.inc';

/*
 * sse.worker_streams counts the streams of a store across processes. Who finds no place gets what is pending and a
 * pause, and a stream that ends, however it ends, leaves its place.
 */

const STREAM = '$end = Sse\stream("k", ["lifetime" => (float)$argv[1], "retry" => 77]); echo "\n--$end->value";';
const TWO = ['sse.worker_streams' => 2];

$store = store();
foreach ([1, 2, 3] as $number) {
    $ids[] = Process::php($store, 'echo Sse\push("k", (int)$argv[1]);', [], [$number])->wait();
}
$open = function () use ($store): Process {
    $stream = Process::php($store, STREAM, TWO, [60]);
    until(fn (): bool => str_contains($stream->output(), "\ndata: 3\n\n") || !$stream->runs(), 'a stream');
    $stream->runs() || fail('a stream found no place: ' . $stream->output());

    return $stream;
};
$full = function () use ($store): void {
    $said = Process::php($store, STREAM, TWO, [60])->wait();
    preg_match('/^retry: 77\nid: \S+\nevent: connected\ndata: .*\n\nid: \S+\nevent: message\ndata: 3\n\nretry: (\d+)\n: no place .*\n\n\n--full$/', $said, $found)
        || fail("without a place: $said");
    $found[1] >= 3_000 && $found[1] <= 15_000 || fail("the pause is $found[1]");
};
$first = $open();
$second = $open();
$full();
// What it missed comes also without a place.
$said = Process::php($store, 'Sse\stream("k", ["lastEventId" => $argv[1]]);', TWO, [$ids[0]])->wait();
preg_match_all('/^data: (\d)$/m', $said, $data);
same(['2', '3'], $data[1], 'pending events of a client without a place');
// Another store has places of its own, and without the setting there is no limit.
$other = store('other');
same("\n--lifetime", strrchr(Process::php($other, STREAM, TWO, [0.02])->wait(), "\n"), 'another store');
same("\n--lifetime", strrchr(Process::php($store, STREAM, [], [0.02])->wait(), "\n"), 'no limit');
// Killed, or ended.
$first->kill();
$third = $open();
$full();
$second->kill();
$third->kill();
same("\n--lifetime", strrchr(Process::php($store, STREAM, TWO, [0.02])->wait(), "\n"), 'with places');
$open()->kill();
$open()->kill();
pass('2 places, taken and left');
