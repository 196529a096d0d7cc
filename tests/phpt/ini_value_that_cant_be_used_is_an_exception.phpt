--TEST--
a value in php.ini that can't be used is an exception at the first call that needs it
--INI--
sse.dir=/nowhere
sse.heartbeat=never
sse.retry=soon
sse.lifetime=-1
sse.signal=smoke
sse.retention_events=few
sse.worker_streams=many
--FILE--
<?php
require __DIR__ . '/sse.inc';
temporary();
attempt(fn () => Sse\push('k', 1));
attempt(fn () => Sse\read('k'));
ini_restore('error_log');
ini_set('sse.retention_events', '10');
foreach (['heartbeat' => 5, 'retry' => 5, 'lifetime' => 0, 'worker_streams' => 0, 'signal' => 'poll'] as $name => $value) {
    attempt(fn () => Sse\stream('k'));
    ini_set("sse.$name", (string)$value);
}
ini_set('sse.dsn', 'file://here');
attempt(fn () => Sse\status());
--EXPECT--
Sse\InvalidArgumentException: Sse\push(): sse.retention_events is "few"; it takes a whole number from 1 to 10000000
Sse\InvalidArgumentException: Sse\read(): sse.retention_events is "few"; it takes a whole number from 1 to 10000000
Sse\InvalidArgumentException: Sse\stream(): sse.heartbeat is "never"; it takes seconds from 1 to 3600, fractions allowed
Sse\InvalidArgumentException: Sse\stream(): sse.retry is "soon"; it takes milliseconds from 0 to 3600000, or a range such as 1000-4000
Sse\InvalidArgumentException: Sse\stream(): sse.lifetime is "-1"; it takes seconds from 0 to 604800, fractions allowed
Sse\InvalidArgumentException: Sse\stream(): sse.worker_streams is "many"; it takes a whole number from 0 to 65536
Sse\InvalidArgumentException: Sse\stream(): sse.signal is "smoke"; it takes auto, inotify, poll or notify
Sse\InvalidArgumentException: Sse\status(): sse.dsn is "file://here"; it takes file:// and an absolute path, such as file:///var/lib/php-sse
