--TEST--
Sse\stream(): the position of events that beforeSend filters rides on the next frame
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['a', 'filtered', 'b', 'filtered', 'filtered'] as $payload) {
    Sse\push('k', $payload);
}
$filter = fn (string $payload): ?string => $payload === 'filtered' ? null : $payload;
$wire = stream('k', ['replay' => 'all', 'beforeSend' => $filter]);
// Those behind the last frame are read again.
$seen = 0;
stream('k', ['lastEventId' => lastId($wire), 'beforeSend' => function (string $payload) use (&$seen, $filter): ?string {
    $seen++;

    return $filter($payload);
}]);
echo "$seen were filtered again\n";
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "a"
#3 message "b"
CaughtUp
retry=default #3 connected {"time": "H:i:s"}
CaughtUp
2 were filtered again
