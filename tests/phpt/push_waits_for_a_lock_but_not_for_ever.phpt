--TEST--
Sse\push(): a log that another process keeps locked is waited for, not for ever
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
Sse\push('k', 'first');
[$log] = glob("$directory/k-*.log");
$file = fopen($log, 'r');
flock($file, LOCK_EX);
attempt(fn () => Sse\push('k', 'second'));
flock($file, LOCK_UN);
Sse\push('k', 'third');
echo implode(' ', array_column(Sse\read('k'), 'data')), "\n";
--EXPECT--
Sse\StoreException: Sse\push(): key "k": {temporary}/store/k-8254c329a92850f6d539dd376f4816ee.log stayed locked by another process for N ms, so nothing was done; see which process hangs (fuser -v {temporary}/store/k-8254c329a92850f6d539dd376f4816ee.log) and try again
first third
