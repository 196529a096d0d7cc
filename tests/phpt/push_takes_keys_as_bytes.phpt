--TEST--
Sse\push(): keys are bytes: numbers, spaces, slashes, UTF-8 and other bytes are different keys with files of their own
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
$keys = ['5', 'a b', 'a_b', 'a/b', '../a', 'ä', "\xe4", "line\nbreak", 'A', 'a', str_repeat('k', 1024), '.'];
foreach ($keys as $key) {
    Sse\push($key, $key === "\xe4" ? 'latin' : $key);
}
foreach ($keys as $key) {
    [$event] = Sse\read($key);
    $event['data'] === ($key === "\xe4" ? 'latin' : $key) || print("$key is mixed up\n");
}
echo count(glob("$directory/*.log")), " logs, all in one directory\n";
Sse\push(5, 'a number is its string');
echo Sse\read('5')[1]['data'], "\n";
Sse\push(1.5, 'a fraction, too');
echo Sse\read('1.5')[0]['data'], "\n";
--EXPECT--
12 logs, all in one directory
a number is its string
a fraction, too
