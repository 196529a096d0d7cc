--TEST--
phpinfo() has a section with the settings
--FILE--
<?php
require __DIR__ . '/sse.inc';
ob_start();
(new ReflectionExtension('sse'))->info();
echo preg_replace(['/^version => [\d.]+$/m', '/^(sse\.(?:dir|dsn)|store|problem) => .*$/m'], ['version => N', '$1 => …'], trim(ob_get_clean())), "\n";
--EXPECT--
sse

Server-Sent Events => enabled
version => N
tier => worker: a stream holds its PHP worker; only under PHP-FPM can a connection be handed over
hub => none runs now
store => …
problem => …
engines => file, redis, sqlite

Directive => Local Value => Master Value
sse.dsn => …
sse.dir => …
sse.signal => auto => auto
sse.retention_seconds => 86400 => 86400
sse.retention_events => 1000 => 1000
sse.retention_bytes => 8M => 8M
sse.max_payload => 1M => 1M
sse.heartbeat => 25 => 25
sse.retry => 1000-4000 => 1000-4000
sse.lifetime => 3600 => 3600
sse.fsync => 0 => 0
sse.worker_streams => 0 => 0
sse.hub => auto => auto
sse.hub_socket => no value => no value
sse.hub_log => no value => no value
sse.max_streams => 0 => 0
sse.drain => 300 => 300
sse.recall_concurrency => 2 => 2
sse.recall_interval => 15 => 15
