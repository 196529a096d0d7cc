--TEST--
Sse\status(): tells what is wrong with the store instead of throwing
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
$problem = fn (): string => masked((string)preg_replace('/-o \S+ -g \S+/', '-o USER -g GROUP', (string)Sse\status()['problem'])) . "\n";
rmdir($directory);
echo $problem();
touch($directory);
echo $problem();
unlink($directory);
mkdir($directory);
echo var_export(Sse\status()['problem'], true), "\n";
file_put_contents("$directory/store", "sse-store 1 12345678 0-0 00000000\n");
echo $problem();
--EXPECT--
the store's directory {temporary}/store does not exist; create it: sudo install -d -m 2770 -o USER -g GROUP {temporary}/store
the store's path {temporary}/store is not a directory; name another one in sse.dir
NULL
{temporary}/store/store is damaged: its checksum is wrong; remove it, and a new store starts (clients are told of a gap)
