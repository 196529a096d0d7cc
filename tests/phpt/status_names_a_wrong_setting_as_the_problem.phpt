--TEST--
Sse\status() and phpinfo(): a wrong setting is named as the problem instead of thrown
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$info = function (): string {
    ob_start();
    (new ReflectionExtension('sse'))->info();
    preg_match_all('/^(?:tier|store|problem) => .*$/m', ob_get_clean(), $rows);

    return masked(implode("\n", $rows[0])) . "\n";
};
foreach (['sse.heartbeat' => '0', 'sse.retention_bytes' => 'much', 'sse.signal' => 'loud', 'sse.hub' => 'maybe'] as $name => $value) {
    $before = ini_set($name, $value);
    ['problem' => $problem, 'signal' => $signal, 'why' => $why] = Sse\status();
    echo "$problem\n  signal $signal; $why\n", $info(), "\n";
    attempt(fn () => Sse\stream('k'));
    ini_set($name, $before);
}
echo $info(), "\n";
Sse\configure(['dsn' => 'redis://user:secret@localhost:1']);
echo $info(), "\n";
ini_set('sse.dsn', 'nonsense');
echo $info();
// Not looked at while a dsn is.
ini_set('sse.dir', 'relative');
attempt(fn () => Sse\status(['dsn' => 'file://' . temporary() . '/store'])['problem']);
--EXPECT--
sse.heartbeat is "0"; it takes seconds from 1 to 3600, fractions allowed
  signal inotify; only under PHP-FPM can a connection be handed over
tier => worker: a stream holds its PHP worker; only under PHP-FPM can a connection be handed over
store => {temporary}/store
problem => sse.heartbeat is "0"; it takes seconds from 1 to 3600, fractions allowed

Sse\InvalidArgumentException: Sse\stream(): sse.heartbeat is "0"; it takes seconds from 1 to 3600, fractions allowed
sse.retention_bytes is "much"; it takes bytes from 1024 to 68719476736, also as 64K, 8M or 1G
  signal unknown; only under PHP-FPM can a connection be handed over
tier => worker: a stream holds its PHP worker; only under PHP-FPM can a connection be handed over
store => {temporary}/store
problem => sse.retention_bytes is "much"; it takes bytes from 1024 to 68719476736, also as 64K, 8M or 1G

Sse\InvalidArgumentException: Sse\stream(): sse.retention_bytes is "much"; it takes bytes from 1024 to 68719476736, also as 64K, 8M or 1G
sse.signal is "loud"; it takes auto, inotify, poll or notify
  signal unknown; only under PHP-FPM can a connection be handed over
tier => worker: a stream holds its PHP worker; only under PHP-FPM can a connection be handed over
store => {temporary}/store
problem => sse.signal is "loud"; it takes auto, inotify, poll or notify

Sse\InvalidArgumentException: Sse\stream(): sse.signal is "loud"; it takes auto, inotify, poll or notify
sse.hub is "maybe"; it takes auto or off
  signal inotify; sse.hub is "maybe"; it takes auto or off
tier => worker: a stream holds its PHP worker; sse.hub is "maybe"; it takes auto or off
store => {temporary}/store
problem => sse.hub is "maybe"; it takes auto or off

Sse\InvalidArgumentException: Sse\stream(): sse.hub is "maybe"; it takes auto or off
tier => worker: a stream holds its PHP worker; only under PHP-FPM can a connection be handed over
store => {temporary}/store
problem => none

tier => worker: a stream holds its PHP worker; only under PHP-FPM can a connection be handed over
store => redis://user@localhost:1/0?prefix=sse:
problem => cannot reach redis://user@localhost:1/0 within N ms: Connection refused (os error 111); see that it runs, that it listens there and that no firewall is between

tier => unknown: a setting is wrong
store => unknown: a setting is wrong
problem => sse.dsn is "nonsense"; it takes a data source name: file:///var/lib/php-sse, sqlite:///var/lib/php-sse/events.sqlite, redis://host, rediss://host or redis+unix:///run/redis/redis.sock
null
