--TEST--
Sse\push(): unknown options name the nearest one, wrong values say what would do
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
attempt(fn () => Sse\push('k', 1, null, ['externel' => true]));
attempt(fn () => Sse\push('k', 1, null, ['DSN' => 'file:///tmp']));
attempt(fn () => Sse\push('k', 1, null, ['retention_seconds' => 5]));
attempt(fn () => Sse\push('k', 1, null, ['external']));
attempt(fn () => Sse\push('k', 1, null, ['external' => 'yes']));
attempt(fn () => Sse\push('k', 1, null, ['dsn' => 'mysql://localhost']));
attempt(fn () => Sse\push('k', 1, null, ['dsn' => 'file://relative/path']));
attempt(fn () => Sse\push('k', 1, null, ['dsn' => 7]));
attempt(fn () => Sse\push('k', 1, null, ['dsn' => []]));
attempt(fn () => Sse\push('k', 1, null, 'file:///tmp'));
attempt(fn () => Sse\push('k', 1, null, ["a\nb" => 1]));
--EXPECT--
Sse\InvalidArgumentException: Sse\push(): unknown option "externel"; did you mean "external"? Known are external, after, dsn
Sse\InvalidArgumentException: Sse\push(): unknown option "DSN"; did you mean "dsn"? Known are external, after, dsn
Sse\InvalidArgumentException: Sse\push(): unknown option "retention_seconds"; known are external, after, dsn
Sse\InvalidArgumentException: Sse\push(): unknown option "0"; known are external, after, dsn
Sse\InvalidArgumentException: Sse\push(): option "external" is "yes"; it takes true or false
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "mysql://localhost"; it takes a data source name: file:///var/lib/php-sse, sqlite:///var/lib/php-sse/events.sqlite, redis://host, rediss://host or redis+unix:///run/redis/redis.sock
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "file://relative/path"; it takes file:// and an absolute path, such as file:///var/lib/php-sse
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "7"; it takes a data source name: file:///var/lib/php-sse, sqlite:///var/lib/php-sse/events.sqlite, redis://host, rediss://host or redis+unix:///run/redis/redis.sock
Sse\InvalidArgumentException: Sse\push(): option "dsn" is array; it takes a data source name: file:///var/lib/php-sse, sqlite:///var/lib/php-sse/events.sqlite, redis://host, rediss://host or redis+unix:///run/redis/redis.sock
TypeError: Sse\push(): options must be an array, string given
Sse\InvalidArgumentException: Sse\push(): unknown option "a\nb"; known are external, after, dsn
