--TEST--
Sse\stream(): a closure can't open a second stream, and the first goes on
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push('k', 1);
$nested = function (): void {
    Sse\stream('other', ['follow' => false]);
};
stream('k', ['onLoop' => $nested]);
stream('k', ['beforeSend' => function () use ($nested): mixed {
    $nested();
}]);
logged();
stream('k');
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message 1
CaughtUp
retry=default #1 connected {"time": "H:i:s"}
CaughtUp
log: sse: onLoop threw Sse\StreamException: Sse\stream(): a stream is open in this request already, and its closures can't open another; give one stream several keys instead in {test}:6; the stream goes on
log: sse: beforeSend, key "k", event id1 threw Sse\StreamException: Sse\stream(): a stream is open in this request already, and its closures can't open another; give one stream several keys instead in {test}:6; the stream goes on
retry=default #1 connected {"time": "H:i:s"}
#2 message 1
CaughtUp
