<?php
declare(strict_types=1);

namespace Sse\Tests;

use Sse\Support\Frames;

require __DIR__ . '/../lib.inc';

/*
 * A disk that fills up under a pusher and a stream: an exception for each push that isn't stored, nothing half-written,
 * nothing lost; and it goes on when there is space again.
 */

$store = store();
exec('mount -t tmpfs -o size=256k sse-test ' . escapeshellarg($store) . ' 2>&1', $said, $code);
$code === 0 || skip('a small file system can\'t be mounted here: ' . implode(' ', $said));
atEnd(fn (): ?string => exec('umount ' . escapeshellarg($store)) ?: null);

$got = [];
$frames = new Frames(function (string $event, mixed $data) use (&$got): void {
    $event === 'connected' || $got[] = $event === 'message' ? substr($data, 0, 6) : $event;
});
$stream = Process::php($store, 'Sse\stream("k", ["lifetime" => 60, "replay" => "none"]);');
until(function () use ($frames, $stream): bool {
    $frames->feed($stream->take());

    return $frames->lastId !== '';
}, 'the stream');

// Until nothing goes in any more; then smaller ones, which still do; then none at all.
$push = <<<'PHP'
    $refused = 0;
    $number = (int)$argv[1];
    foreach ([20_000, 500, 20] as $size) {
        while (true) {
            try {
                Sse\push('k', sprintf('%06d', $number) . str_repeat('x', $size));
                $number++;
            } catch (Sse\StoreException $error) {
                $refused++;
                break;
            }
        }
    }
    echo "$number $refused\n", $error->getMessage(), "\n";
    PHP;
$said = Process::php($store, $push, ['sse.retention_events' => 100_000], [0])->wait();
[$count, $refused] = array_map(intval(...), explode(' ', strtok($said, "\n")));
same(3, $refused, 'refused pushes');
$count > 20 || fail("only $count events were stored");
preg_match('/no space left to append to \S+\/k-\w+\.log/', $said) || fail("the exception says: $said");
$log = file_get_contents(glob("$store/k-*.log")[0]);
str_ends_with($log, "\n") || fail('the log ends within a line');
same($count, substr_count($log, "\n") - 1, 'lines of the log');

// Neither is there space for another key, or for a new log in place of the old.
$said = Process::php($store, 'try { Sse\push("new", 1); echo "stored"; } catch (Sse\StoreException $error) { echo $error->getMessage(); }')->wait();
str_contains($said, 'no space left') || fail("another key: $said");
same([], glob("$store/*.new") ?: [], 'files half made');

// Space again: the same pusher's successor goes on, and cuts back what is kept, which needs a new log beside the old.
exec('mount -o remount,size=2m ' . escapeshellarg($store));
$more = 'for ($n = (int)$argv[1]; $n < (int)$argv[1] + 50; $n++) { Sse\push("k", sprintf("%06d", $n)); }';
Process::php($store, $more, ['sse.retention_events' => 60], [$count])->wait();
until(function () use ($frames, $stream, &$got, $count): bool {
    $frames->feed($stream->take());

    return end($got) === sprintf('%06d', $count + 49);
}, 'the last event');
same(array_map(fn (int $n): string => sprintf('%06d', $n), range(0, $count + 49)), $got, 'what the stream got');
same('', $stream->log(), 'what the stream logged');
$kept = (int)Process::php($store, 'echo count(Sse\read("k", null, 1000));')->wait();
$kept < $count + 50 || fail('nothing was cut back');
$stream->kill();
pass("$count events fit, 3 pushes were refused, 50 more came when there was space; one stream got all");
