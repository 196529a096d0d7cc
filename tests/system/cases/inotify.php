<?php
declare(strict_types=1);

namespace Sse\Tests;

use Sse\Support\Frames;

require __DIR__ . '/../lib.inc';

/*
 * No inotify instance is left: streams look at the files instead, one line in the log and Sse\status() say why, and
 * every event arrives.
 */

// A limit of its own, in a user namespace of its own.
$without = ['unshare', '--user', '--map-root-user', 'sh', '-c', 'echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"', 'sh'];
exec('unshare --user --map-root-user sh -c "echo 0 >/proc/sys/user/max_inotify_instances" 2>&1', $said, $code);
$code === 0 || skip('there are no user namespaces here: ' . implode(' ', $said));

$store = store();
$status = json_decode(Process::php($store, 'echo json_encode(Sse\status());', [], [], $without)->wait(), true);
same('poll', $status['signal'], 'the signal');
$why = 'cannot watch inotify: Too many open files (os error 24); looking at the files every few milliseconds instead';
same($why, $status['signal_why'], 'signal_why');
same(null, $status['problem'], 'the problem');

$got = [];
$frames = new Frames(function (string $event, mixed $data) use (&$got): void {
    $event === 'connected' || $got[] = $data;
});
$stream = Process::php($store, 'Sse\stream(["a", "b"], ["lifetime" => 60, "replay" => "none"]);', [], [], $without);
until(function () use ($frames, $stream): bool {
    $frames->feed($stream->take());

    return $frames->lastId !== '';
}, 'the stream');
// More than is kept, so that logs are replaced under the stream.
for ($number = 0; $number < 20; $number++) {
    Process::php($store, 'Sse\push($argv[1], (int)$argv[2]);', ['sse.retention_events' => 3], [$number % 2 ? 'a' : 'b', $number])->wait();
    until(function () use ($frames, $stream, &$got, $number): bool {
        $frames->feed($stream->take());

        return end($got) === $number;
    }, "event $number");
}
same(range(0, 19), $got, 'what came');
same("sse: $why\n", $stream->log(), 'the log');
$stream->kill();
pass('20 events by polling, one line in the log');
