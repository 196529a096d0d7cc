--TEST--
Sse\read(): a key that nobody pushed to has no events, and reading makes no log
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
attempt(fn () => Sse\read('k'));
echo count(glob("$directory/*.log")), " logs\n";
attempt(fn () => Sse\read('k', '0-0'));
--EXPECT--
[]
0 logs
[]
