--TEST--
Sse\stream(): intervals that can't be used
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['heartbeat', 'poll', 'lifetime'] as $name) {
    foreach ([-1, NAN, INF, -INF, 1e300, PHP_INT_MAX, 'soon', '', [], true, '5 s', $name === 'lifetime' ? -0.001 : 0] as $value) {
        try {
            Sse\stream('k', [$name => $value]);
            echo "$name took ", var_export($value, true), "\n";
        } catch (Sse\InvalidArgumentException $error) {
            $said[substr($error->getMessage(), strpos($error->getMessage(), ';') + 2)][] = gettype($value);
        }
    }
}
foreach ($said as $takes => $values) {
    echo count($values), " times: $takes\n";
}
attempt(fn () => Sse\stream('k', ['heartbeat' => NAN]));
attempt(fn () => Sse\stream('k', ['poll' => 0.04]));
attempt(fn () => Sse\stream('k', ['lifetime' => [5]]));
stream('k', ['heartbeat' => '1.5', 'poll' => '0.05', 'lifetime' => ' 2e-2 ']);
--EXPECT--
12 times: it takes seconds from 1 to 3600, fractions allowed
12 times: it takes seconds from 0.05 to 3600, fractions allowed
12 times: it takes seconds from 0 to 604800, fractions allowed
Sse\InvalidArgumentException: Sse\stream(): option "heartbeat" is "NaN"; it takes seconds from 1 to 3600, fractions allowed
Sse\InvalidArgumentException: Sse\stream(): option "poll" is "0.04"; it takes seconds from 0.05 to 3600, fractions allowed
Sse\InvalidArgumentException: Sse\stream(): option "lifetime" is array; it takes seconds from 0 to 604800, fractions allowed
retry=default #1 connected {"time": "H:i:s"}
Lifetime
