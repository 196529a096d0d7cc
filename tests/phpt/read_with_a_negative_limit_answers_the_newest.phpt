--TEST--
Sse\read(): a negative limit gives the newest events, oldest first
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
Sse\configure(['retention_events' => 10]);
foreach (twoStores($directory) as $dsn) {
    $options = ['dsn' => $dsn];
    $read = fn (?string $after, int|string $limit): array => array_map(
        fn (array $event): mixed => $event['gap'] ? 'gap' : $event['data'],
        Sse\read('k', $after, $limit, $options),
    );
    attempt(fn () => $read(null, -2));
    $ids = array_map(fn (int $n): string => Sse\push('k', $n, null, $options), range(0, 99));
    attempt(fn () => $read(null, -1));
    attempt(fn () => $read(null, '-3'));
    attempt(fn () => $read(null, -100_000) === $read(null, 100));
    attempt(fn () => $read($ids[97], -1));
    attempt(fn () => $read($ids[97], -5));
    attempt(fn () => $read($ids[99], -5));
    // What retention has dropped is missing if all behind the id is asked for.
    attempt(fn () => $read($ids[1], -2));
    attempt(fn () => $read($ids[1], -100) === ['gap', ...$read(null, 100)]);
}
--EXPECT--
[]
[99]
[97,98,99]
true
[99]
[98,99]
[]
[98,99]
true
[]
[99]
[97,98,99]
true
[99]
[98,99]
[]
[98,99]
true
