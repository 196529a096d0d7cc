<?php
declare(strict_types=1);

namespace Sse\Tests;

use Sse\Support\Frames;

require __DIR__ . '/../lib.inc';

/*
 * Two directories with the same keys: who streams from one never sees the other, and each has its own cursors.
 */

$stores = ['left' => store('left'), 'right' => store('right')];
$got = ['left' => [], 'right' => []];
foreach ($stores as $name => $store) {
    $frames[$name] = new Frames(function (string $event, mixed $data) use (&$got, $name): void {
        $event === 'connected' || $got[$name][] = "$event $data";
    });
    $streams[$name] = Process::php($store, 'Sse\stream("k", ["lifetime" => 60, "replay" => "none"]);');
    until(function () use ($frames, $streams, $name): bool {
        $frames[$name]->feed($streams[$name]->take());

        return $frames[$name]->lastId !== '';
    }, 'a stream');
}
foreach ($stores as $name => $store) {
    $pushers[] = Process::php($store, 'for ($n = 0; $n < 300; $n++) { Sse\push("k", "$argv[1] $n"); }', [], [$name]);
}
array_map(fn (Process $pusher): string => $pusher->wait(), $pushers);
// The option dsn goes to the other one.
Process::php($stores['left'], 'Sse\push("k", "right last", null, ["dsn" => "file://$argv[1]"]); Sse\push("k", "left last");', [], [$stores['right']])->wait();
foreach ($stores as $name => $store) {
    $expected = [...array_map(fn (int $n): string => "message $name $n", range(0, 299)), "message $name last"];
    until(function () use ($frames, $streams, $name, &$got): bool {
        $frames[$name]->feed($streams[$name]->take());

        return in_array("message $name last", $got[$name], true);
    }, "the last event of $name");
    same($expected, $got[$name], $name);
    $streams[$name]->kill();
}
// A cursor of one is foreign to the other: told, not mixed up.
$said = Process::php($stores['right'], 'Sse\stream("k", ["lastEventId" => $argv[1], "follow" => false]);', [], [$frames['left']->lastId])->wait();
substr_count($said, "\nevent: sse-gap\n") === 1 || fail("a foreign cursor is no gap: $said");
pass('300 events in each, none in the other');
