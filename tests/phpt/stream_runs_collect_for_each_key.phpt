--TEST--
Sse\stream(): collect gets each key, and what it pushes is sent
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$asked = [];
ob_start();
Sse\stream(['a', 'b'], ['follow' => false, 'collect' => function (string $key) use (&$asked): void {
    $asked[] = $key;
    Sse\push($key, "found for $key");
}]);
preg_match_all('/^data: (.*)$/m', ob_get_clean(), $data);
echo implode(' ', $asked), "\n", implode("\n", array_slice($data[1], -2)), "\n";
--EXPECT--
a b
"found for a"
"found for b"
