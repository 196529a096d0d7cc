--TEST--
Sse\configure(): each setting says what it takes
--FILE--
<?php
require __DIR__ . '/sse.inc';
temporary();
$bad = [
    'dsn' => ['redis:localhost', 'file://here', 5],
    'dir' => ['', 'relative/path', true, "/tmp/\0x"],
    'signal' => ['kqueue', ''],
    'retention_seconds' => [0.5, -1, '1 day', 1e10],
    'retention_events' => [0, -1, 1.5, '1K'],
    'retention_bytes' => [1023, '65G', '8MB', ''],
    'max_payload' => ['1', '65M', '-1M', '99999999999999999999G'],
    'heartbeat' => [0, 0.9, 3601, NAN, INF, -INF, 'never', '25s', ''],
    'retry' => [-1, '4000-1000', '1-2-3', 3600001, 1.5, ''],
    'lifetime' => [-1, 604801, 1e6, 'x'],
    'fsync' => [2, 'maybe', -1],
    'worker_streams' => [-1, 65537, 'all', 1.5],
];
foreach ($bad as $name => $values) {
    $said = [];
    foreach ($values as $value) {
        try {
            Sse\configure([$name => $value]);
            echo "$name took ", var_export($value, true), "\n";
        } catch (Sse\InvalidArgumentException $error) {
            [$shown, $takes] = explode('; it takes ', substr($error->getMessage(), strlen("Sse\\configure(): sse.$name is ")), 2);
            $said[$takes][] = $shown;
        }
    }
    foreach ($said as $takes => $shown) {
        echo "$name: $takes (not ", implode(' ', $shown), ")\n";
    }
}
--EXPECT--
dsn: a data source name: file:///var/lib/php-sse, sqlite:///var/lib/php-sse/events.sqlite, redis://host, rediss://host or redis+unix:///run/redis/redis.sock (not "redis:localhost" "5")
dsn: file:// and an absolute path, such as file:///var/lib/php-sse (not "file://here")
dir: an absolute path, such as /var/lib/php-sse (not "" "relative/path" "1" "/tmp/\u{0}x")
signal: auto, inotify, poll or notify (not "kqueue" "")
retention_seconds: seconds from 1 to 315360000, fractions allowed (not "0.5" "-1" "1 day" "10000000000")
retention_events: a whole number from 1 to 10000000 (not "0" "-1" "1.5" "1K")
retention_bytes: bytes from 1024 to 68719476736, also as 64K, 8M or 1G (not "1023" "65G" "8MB" "")
max_payload: bytes from 1024 to 67108864, also as 64K, 8M or 1G (not "1" "65M" "-1M" "99999999999999999999G")
heartbeat: seconds from 1 to 3600, fractions allowed (not "0" "0.9" "3601" "NaN" "inf" "-inf" "never" "25s" "")
retry: milliseconds from 0 to 3600000, or a range such as 1000-4000 (not "-1" "4000-1000" "1-2-3" "3600001" "1.5" "")
lifetime: seconds from 0 to 604800, fractions allowed (not "-1" "604801" "1000000" "x")
fsync: 0 or 1 (not "2" "maybe" "-1")
worker_streams: a whole number from 0 to 65536 (not "-1" "65537" "all" "1.5")
