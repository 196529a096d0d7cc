--TEST--
Sse\push(), option after: stored only if nothing was stored since that event
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
foreach (twoStores($directory) as $dsn) {
    $options = ['dsn' => $dsn];
    $first = Sse\push('k', 1, null, $options + ['after' => '0-0']);
    attempt(fn () => Sse\push('k', 'not the first', null, $options + ['after' => '0-0']));
    $second = Sse\push('k', ['event' => 'toast', 'n' => 2], null, $options + ['after' => $first]);
    attempt(fn () => Sse\push('k', 'too late', null, $options + ['after' => $first]));
    attempt(fn () => Sse\push('k', 'too early', null, $options + ['after' => (time() + 100) . '000-0']));
    attempt(fn () => Sse\push('new', 'no event of this key', null, $options + ['after' => $second]));
    $third = Sse\push('k', 3, 'name', $options + ['after' => $second, 'external' => true]);
    // Null is no condition.
    $fourth = Sse\push('k', 4, null, $options + ['after' => null]);
    attempt(fn () => array_column(Sse\read('k', null, 9, $options), 'id') === [$first, $second, $third, $fourth]);
    attempt(fn () => Sse\read('new', null, 9, $options));
}
--EXPECT--
null
null
null
null
true
[]
null
null
null
null
true
[]
