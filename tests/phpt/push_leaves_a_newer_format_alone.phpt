--TEST--
Sse\push(): a store or log of a newer format is refused by name and left alone, a damaged store too
--EXTENSIONS--
pcntl
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
Sse\push('k', 'kept');
$store = file_get_contents("$directory/store");
$newer = summed('sse-store 2 what will come');
file_put_contents("$directory/store", $newer);
attempt(fn () => Sse\push('other', 1));
echo file_get_contents("$directory/store") === $newer ? "left alone\n" : "changed\n";
file_put_contents("$directory/store", 'garbage');
attempt(fn () => Sse\push('other', 1));
file_put_contents("$directory/store", $store);
[$log] = glob("$directory/k-*.log");
$newer = summed('sse-log 9 what will come');
file_put_contents($log, $newer);
child(fn () => attempt(fn () => Sse\push('k', 1)));
attempt(fn () => Sse\read('k'));
echo file_get_contents($log) === $newer ? "left alone\n" : "changed\n";
--EXPECT--
Sse\StoreException: Sse\push(): key "other": {temporary}/store/store is written in format 2, this version reads up to 1: upgrade the extension (or php-sse/polyfill) here
left alone
Sse\StoreException: Sse\push(): key "other": {temporary}/store/store is damaged: its line has no end; remove it, and a new store starts (clients are told of a gap)
Sse\StoreException: Sse\push(): key "k": {temporary}/store/k-8254c329a92850f6d539dd376f4816ee.log is written in format 9, this version reads up to 1: upgrade the extension (or php-sse/polyfill) here
Sse\StoreException: Sse\read(): key "k": {temporary}/store/k-8254c329a92850f6d539dd376f4816ee.log is written in format 9, this version reads up to 1: upgrade the extension (or php-sse/polyfill) here
left alone
