--TEST--
plain PHP: without flock() nothing is written, and the exception says what to do
--INI--
disable_functions=ini_get,ini_set,ini_restore,flock
--FILE--
<?php
require dirname(__DIR__, 3) . '/tests/phpt/sse.inc';
$directory = store();
attempt(fn () => Sse\push('k', 1));
attempt(fn () => Sse\check('k'));
echo count(glob("$directory/*.log")), " logs\n";
--EXPECT--
Sse\StoreException: Sse\push(): key "k": cannot lock {temporary}/store/lock: this PHP has no flock(); have it taken out of disable_functions, or install the extension sse
Sse\StoreException: Sse\check(): key "k": cannot lock {temporary}/store/lock: this PHP has no flock(); have it taken out of disable_functions, or install the extension sse
0 logs
