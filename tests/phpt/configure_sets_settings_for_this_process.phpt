--TEST--
Sse\configure(): sets settings for this process, with or without "sse."
--FILE--
<?php
require __DIR__ . '/sse.inc';
temporary();
var_dump(Sse\configure([]));
Sse\configure(['heartbeat' => 15, 'sse.lifetime' => 1.5, 'retry' => '100-200', 'fsync' => true, 'max_payload' => '64k']);
Sse\configure(['sse.fsync' => false]);
foreach (['heartbeat', 'lifetime', 'retry', 'fsync', 'max_payload'] as $name) {
    echo "$name ", ini_get("sse.$name"), "\n";
}
$settings = ['signal' => 'poll'];
$reference = &$settings['signal'];
Sse\configure(settings: $settings);
echo ini_get('sse.signal'), "\n";
ini_restore('sse.signal');
echo ini_get('sse.signal'), "\n";
--EXPECT--
NULL
heartbeat 15
lifetime 1.5
retry 100-200
fsync 0
max_payload 64k
poll
poll
