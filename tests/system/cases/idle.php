<?php
declare(strict_types=1);

namespace Sse\Tests;

require __DIR__ . '/../lib.inc';

/*
 * A stream to which nothing happens uses no CPU, and isn't even woken, for ten seconds.
 */

const SECONDS = 10;

$store = store();
Process::php($store, 'Sse\push("k", 1);')->wait();
$stream = Process::php($store, 'Sse\stream(["k", "other"], ["lifetime" => 3600]);', ['sse.signal' => 'auto']);
until(fn (): bool => str_contains($stream->output(), 'data: 1'), 'the stream');
$look = function () use ($stream): array {
    $fields = explode(' ', substr((string)strrchr((string)file_get_contents("/proc/{$stream->pid()}/stat"), ')'), 2));

    // utime and stime, in ticks.
    return ['ticks' => (int)$fields[11] + (int)$fields[12], 'wakes' => status($stream->pid(), 'voluntary_ctxt_switches')];
};
// It sleeps once its wakes don't grow any more.
$before = $look();
until(function () use (&$before, $look): bool {
    $last = $before;
    usleep(50_000);
    $before = $look();

    return $before === $last;
}, 'the stream to sleep');
// This is what is measured: ten seconds in which nothing happens.
sleep(SECONDS);
$after = $look();
$after['ticks'] - $before['ticks'] <= 1 || fail('it used ' . $after['ticks'] - $before['ticks'] . ' ticks of CPU in ' . SECONDS . ' s');
$after['wakes'] - $before['wakes'] <= 1 || fail('it was woken ' . $after['wakes'] - $before['wakes'] . ' times in ' . SECONDS . ' s');
// And it still listens.
Process::php($store, 'Sse\push("other", 2);')->wait();
until(fn (): bool => str_contains($stream->output(), 'data: 2'), 'the event after that');
$stream->kill();
pass(sprintf('%d ticks and %d wakes in %d s', $after['ticks'] - $before['ticks'], $after['wakes'] - $before['wakes'], SECONDS));
