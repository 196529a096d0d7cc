--TEST--
Sse\configure(): all settings or none
--FILE--
<?php
require __DIR__ . '/sse.inc';
temporary();
attempt(fn () => Sse\configure(['heartbeat' => 5, 'lifetime' => 'never']));
attempt(fn () => Sse\configure(['heartbeat' => 5, 'hartbeat' => 6]));
attempt(fn () => Sse\configure(['heartbeat' => 5, 'retry' => null]));
echo ini_get('sse.heartbeat'), "\n";
--EXPECT--
Sse\InvalidArgumentException: Sse\configure(): sse.lifetime is "never"; it takes seconds from 0 to 604800, fractions allowed
Sse\InvalidArgumentException: Sse\configure(): unknown setting "hartbeat"; did you mean "heartbeat"? Known are dsn, dir, signal, retention_seconds, retention_events, retention_bytes, max_payload, heartbeat, retry, lifetime, fsync, worker_streams, hub, hub_socket, hub_log, max_streams, drain, recall_concurrency, recall_interval
Sse\InvalidArgumentException: Sse\configure(): sse.retry is null; it takes a string, a number, true or false
25
