--TEST--
the settings, their defaults and who may set them
--FILE--
<?php
require __DIR__ . '/sse.inc';
foreach (ini_get_all('sse') as $name => $setting) {
    printf("%-22s %-16s %s\n", $name, json_encode($setting['global_value'], JSON_UNESCAPED_SLASHES), $setting['access'] === INI_ALL ? 'everywhere' : '?');
}
--EXPECT--
sse.dir                "/var/lib/php-sse" everywhere
sse.drain              "300"            everywhere
sse.dsn                ""               everywhere
sse.fsync              "0"              everywhere
sse.heartbeat          "25"             everywhere
sse.hub                "auto"           everywhere
sse.hub_log            ""               everywhere
sse.hub_socket         ""               everywhere
sse.lifetime           "3600"           everywhere
sse.max_payload        "1M"             everywhere
sse.max_streams        "0"              everywhere
sse.recall_concurrency "2"              everywhere
sse.recall_interval    "15"             everywhere
sse.retention_bytes    "8M"             everywhere
sse.retention_events   "1000"           everywhere
sse.retention_seconds  "86400"          everywhere
sse.retry              "1000-4000"      everywhere
sse.signal             "auto"           everywhere
sse.worker_streams     "0"              everywhere
