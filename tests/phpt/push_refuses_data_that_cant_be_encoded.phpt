--TEST--
Sse\push(): data that can't be encoded
--FILE--
<?php
require __DIR__ . '/sse.inc';
enum Colour
{
    case Red;
}
store();
$recursive = [];
$recursive['self'] = &$recursive;
$deep = 0;
foreach (range(1, 513) as $level) {
    $deep = [$deep];
}
attempt(fn () => Sse\push('k', "\xff"));
attempt(fn () => Sse\push('k', $recursive));
attempt(fn () => Sse\push('k', [INF]));
attempt(fn () => Sse\push('k', NAN));
attempt(fn () => Sse\push('k', STDIN));
attempt(fn () => Sse\push('k', Colour::Red));
attempt(fn () => Sse\push('k', $deep));
echo count(Sse\read('k')), " events\n";
--EXPECT--
Sse\InvalidArgumentException: Sse\push(): key "k": the data can't be encoded as JSON: Malformed UTF-8 characters, possibly incorrectly encoded; push arrays, scalars, UTF-8 strings or JsonSerializable objects
Sse\InvalidArgumentException: Sse\push(): key "k": the data can't be encoded as JSON: Recursion detected; push arrays, scalars, UTF-8 strings or JsonSerializable objects
Sse\InvalidArgumentException: Sse\push(): key "k": the data can't be encoded as JSON: Inf and NaN cannot be JSON encoded; push arrays, scalars, UTF-8 strings or JsonSerializable objects
Sse\InvalidArgumentException: Sse\push(): key "k": the data can't be encoded as JSON: Inf and NaN cannot be JSON encoded; push arrays, scalars, UTF-8 strings or JsonSerializable objects
Sse\InvalidArgumentException: Sse\push(): key "k": the data can't be encoded as JSON: Type is not supported; push arrays, scalars, UTF-8 strings or JsonSerializable objects
Sse\InvalidArgumentException: Sse\push(): key "k": the data can't be encoded as JSON: Non-backed enums have no default serialization; push arrays, scalars, UTF-8 strings or JsonSerializable objects
Sse\InvalidArgumentException: Sse\push(): key "k": the data can't be encoded as JSON: Maximum stack depth exceeded; push arrays, scalars, UTF-8 strings or JsonSerializable objects
0 events
