--TEST--
Sse\configure(): unknown settings name the nearest one
--FILE--
<?php
require __DIR__ . '/sse.inc';
temporary();
attempt(fn () => Sse\configure(['hartbeat' => 5]));
attempt(fn () => Sse\configure(['retention_second' => 5]));
attempt(fn () => Sse\configure(['path' => '/tmp']));
attempt(fn () => Sse\configure(['/tmp']));
attempt(fn () => Sse\configure(['memory_limit' => '1G']));
attempt(fn () => Sse\configure(['' => 1]));
--EXPECT--
Sse\InvalidArgumentException: Sse\configure(): unknown setting "hartbeat"; did you mean "heartbeat"? Known are dsn, dir, signal, retention_seconds, retention_events, retention_bytes, max_payload, heartbeat, retry, lifetime, fsync, worker_streams, hub, hub_socket, hub_log, max_streams, drain, recall_concurrency, recall_interval
Sse\InvalidArgumentException: Sse\configure(): unknown setting "retention_second"; did you mean "retention_seconds"? Known are dsn, dir, signal, retention_seconds, retention_events, retention_bytes, max_payload, heartbeat, retry, lifetime, fsync, worker_streams, hub, hub_socket, hub_log, max_streams, drain, recall_concurrency, recall_interval
Sse\InvalidArgumentException: Sse\configure(): unknown setting "path"; known are dsn, dir, signal, retention_seconds, retention_events, retention_bytes, max_payload, heartbeat, retry, lifetime, fsync, worker_streams, hub, hub_socket, hub_log, max_streams, drain, recall_concurrency, recall_interval
Sse\InvalidArgumentException: Sse\configure(): unknown setting "0"; known are dsn, dir, signal, retention_seconds, retention_events, retention_bytes, max_payload, heartbeat, retry, lifetime, fsync, worker_streams, hub, hub_socket, hub_log, max_streams, drain, recall_concurrency, recall_interval
Sse\InvalidArgumentException: Sse\configure(): unknown setting "memory_limit"; known are dsn, dir, signal, retention_seconds, retention_events, retention_bytes, max_payload, heartbeat, retry, lifetime, fsync, worker_streams, hub, hub_socket, hub_log, max_streams, drain, recall_concurrency, recall_interval
Sse\InvalidArgumentException: Sse\configure(): unknown setting ""; known are dsn, dir, signal, retention_seconds, retention_events, retention_bytes, max_payload, heartbeat, retry, lifetime, fsync, worker_streams, hub, hub_socket, hub_log, max_streams, drain, recall_concurrency, recall_interval
