--TEST--
Sse\stream(): retry is a number of milliseconds, or a range to draw from
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach ([500, '700', '0', '20-20', 3_600_000] as $retry) {
    stream('k', ['retry' => $retry]);
}
$drawn = [];
for ($i = 0; $i < 12; $i++) {
    ob_start();
    Sse\stream('k', ['retry' => '5000-9000', 'follow' => false]);
    $drawn[] = (int)substr(strtok(ob_get_clean(), "\n"), 7);
}
echo min($drawn) >= 5000 && max($drawn) <= 9000 ? "within the range\n" : "outside\n";
echo count(array_unique($drawn)) > 1 ? "not always the same\n" : "always the same\n";
Sse\configure(['retry' => 42]);
stream('k', ['connected' => false]);
--EXPECT--
retry=500 #1 connected {"time": "H:i:s"}
CaughtUp
retry=700 #1 connected {"time": "H:i:s"}
CaughtUp
retry=0 #1 connected {"time": "H:i:s"}
CaughtUp
retry=20 #1 connected {"time": "H:i:s"}
CaughtUp
retry=3600000 #1 connected {"time": "H:i:s"}
CaughtUp
within the range
not always the same
retry=42 : connected
CaughtUp
