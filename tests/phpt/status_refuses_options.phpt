--TEST--
Sse\status(): unknown options and bad values
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
attempt(fn () => Sse\status(['dns' => 'file:///tmp']));
attempt(fn () => Sse\status(['dsn' => 'nonsense']));
attempt(fn () => Sse\status(5));
attempt(fn () => Sse\status([], 5));
--EXPECT--
Sse\InvalidArgumentException: Sse\status(): unknown option "dns"; did you mean "dsn"? Known are dsn
Sse\InvalidArgumentException: Sse\status(): option "dsn" is "nonsense"; it takes a data source name: file:///var/lib/php-sse, sqlite:///var/lib/php-sse/events.sqlite, redis://host, rediss://host or redis+unix:///run/redis/redis.sock
TypeError: Sse\status(): options must be an array, int given
ArgumentCountError: Sse\status() expects at most 1 argument, 2 given
