--TEST--
Sse\status(): what serves this process
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
$status = Sse\status();
echo implode(' ', array_keys($status)), "\n";
echo $status['version'] === phpversion('sse') ? "version ok\n" : "version?\n";
attempt(fn () => array_diff_key($status, ['version' => 1, 'signal' => 1]));
Sse\configure(['signal' => 'poll']);
echo Sse\status()['signal'], ' ', var_export(Sse\status()['signal_why'], true), "\n";
Sse\configure(['signal' => 'notify']);
echo Sse\status()['signal'], "\n";
echo Sse\status(['dsn' => "file://$directory/other"])['store'] === "$directory/other" ? "other store\n" : "?\n";
--EXPECT--
version tier why engine store problem signal signal_why hub
version ok
{"tier":"worker","why":"only under PHP-FPM can a connection be handed over","engine":"file","store":"{temporary}/store","problem":null,"signal_why":null,"hub":null}
poll NULL
notify
other store
