--TEST--
Sse\configure(): settings and values of wrong types
--FILE--
<?php
require __DIR__ . '/sse.inc';
temporary();
attempt(fn () => Sse\configure());
attempt(fn () => Sse\configure('dir'));
attempt(fn () => Sse\configure(null));
attempt(fn () => Sse\configure(['heartbeat' => null]));
attempt(fn () => Sse\configure(['hartbeat' => null]));
attempt(fn () => Sse\configure(['dir' => ['/tmp']]));
attempt(fn () => Sse\configure(['dir' => new SplFileInfo('/tmp')]));
attempt(fn () => Sse\configure(['dir' => "/tmp/\xff"]));
attempt(fn () => Sse\configure([], 1));
--EXPECT--
ArgumentCountError: Sse\configure() expects exactly 1 argument, 0 given
TypeError: Sse\configure(): settings must be an array, string given
TypeError: Sse\configure(): settings must be an array, null given
Sse\InvalidArgumentException: Sse\configure(): sse.heartbeat is null; it takes a string, a number, true or false
Sse\InvalidArgumentException: Sse\configure(): unknown setting "hartbeat"; did you mean "heartbeat"? Known are dsn, dir, signal, retention_seconds, retention_events, retention_bytes, max_payload, heartbeat, retry, lifetime, fsync, worker_streams, hub, hub_socket, hub_log, max_streams, drain, recall_concurrency, recall_interval
Sse\InvalidArgumentException: Sse\configure(): sse.dir is array; it takes a string, a number, true or false
Sse\InvalidArgumentException: Sse\configure(): sse.dir is SplFileInfo; it takes a string, a number, true or false
Sse\InvalidArgumentException: Sse\configure(): sse.dir is "/tmp/�"; it takes UTF-8
ArgumentCountError: Sse\configure() expects exactly 1 argument, 2 given
