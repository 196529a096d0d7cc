--TEST--
sqlite://: what is wrong with the database is said, with what to do
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$in = fn (string $path): array => ['dsn' => 'sqlite://' . temporary() . "/$path"];
attempt(fn () => Sse\push('k', 1, null, ['dsn' => 'sqlite://relative.sqlite']));
attempt(fn () => Sse\push('k', 1, null, $in('a.sqlite?mode=rw')));
file_put_contents(temporary() . '/text', str_repeat('no database ', 100));
attempt(fn () => Sse\push('k', 1, null, $in('text')));
attempt(fn () => preg_replace('/create it: .*/', 'create it: …', Sse\status($in('missing/a.sqlite'))['problem']));
attempt(fn () => Sse\push('k', 1, null, $in('text/a.sqlite')));
--EXPECT--
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "sqlite://relative.sqlite"; it takes sqlite:// and an absolute path, such as sqlite:///var/lib/php-sse/events.sqlite (a % is written %25, a ? %3F)
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "sqlite://{temporary}/a.sqlite?mode=rw"; it takes sqlite:// and an absolute path, such as sqlite:///var/lib/php-sse/events.sqlite (a % is written %25, a ? %3F)
Sse\StoreException: Sse\push(): key "k": {temporary}/text is damaged: it is not an SQLite database; remove it, and a new store starts (clients are told of a gap)
the store's directory {temporary}/missing does not exist; create it: …
Sse\StoreException: Sse\push(): key "k": the store's path {temporary}/text is not a directory; name another one in sse.dir
