--TEST--
open_basedir: what the server's configuration has set passes, and so does its value set again
--FILE--
<?php
require __DIR__ . '/sse.inc';
$store = store();
$code = <<<'PHP'
    ini_set('open_basedir', __DIR__ . '/nowhere');
    echo strlen(Sse\push('k', 1)) > 10 ? 'stored' : '', "\n";
    Sse\configure(['dir' => $argv[1]]);
    echo count(Sse\read('k')), " read\n";
    try {
        Sse\configure(['dir' => "$argv[1]/."]);
    } catch (Sse\InvalidArgumentException $exception) {
        echo str_contains($exception->getMessage(), 'open_basedir') ? 'refused' : $exception->getMessage(), "\n";
    }
    PHP;
echo script($code, $store);
--EXPECT--
stored
1 read
refused
