--TEST--
Sse\check(): throws what Sse\stream() would before its first byte
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = store();
$calls = [
    [], [''], [[]], [null], ['k', [], 5], [range(1, 65)], ['k', 'lifetime'],
    ['k', ['heartbeet' => 1]], ['k', ['heartbeat' => 0]], ['k', ['poll' => 0]], ['k', ['replay' => 'some']], ['k', ['retry' => 'x']],
    ['k', ['eventName' => '']], ['k', ['fetch' => 'no function']], ['k', ['beforeSend' => 5]], ['k', ['onLoop' => []]],
    ['k', ['handoff' => 'perhaps']], ['k', ['handoff' => 'require']], ['k', ['connected' => 1]], ['k', ['lastEventId' => 5]],
    ['k', ['dsn' => 'mysql://']], ['k', ['dsn' => "file://$directory/missing"]], ['k', ['dsn' => "redis+unix://$directory/missing.sock"]],
];
$thrown = function (callable $function, array $arguments): string {
    try {
        $function(...$arguments);
    } catch (Throwable $error) {
        return $error::class . ': ' . str_replace($function, 'it', masked($error->getMessage()));
    }

    return 'nothing';
};
$same = function (array $arguments) use ($thrown): void {
    $expected = $thrown('Sse\stream', $arguments);
    $got = $thrown('Sse\check', $arguments);
    echo $got === $expected && $got !== 'nothing' ? '.' : "$expected\n$got\n";
};
array_map($same, $calls);
foreach (['dir' => 'relative', 'signal' => 'smoke', 'max_payload' => 'much', 'hub' => 'perhaps', 'worker_streams' => '-1', 'lifetime' => 'long'] as $name => $value) {
    $was = ini_set("sse.$name", $value);
    $same(['k']);
    ini_set("sse.$name", $was);
}
file_put_contents("$directory/store", 'damage');
$same(['k']);
unlink("$directory/store");
echo "\n";
attempt(fn () => Sse\check('k', ['dsn' => "file://$directory/missing"]));
// A closure of a stream can't open another.
$said = '';
stream('k', ['connected' => false, 'onLoop' => function () use (&$said): void {
    try {
        Sse\check('k');
    } catch (Sse\StreamException $error) {
        $said = $error->getMessage();
    }
}]);
echo $said, "\n";
--EXPECT--
..............................
Sse\StoreException: Sse\check(): key "k": the store's directory {temporary}/store/missing does not exist; create it: sudo install -d -m 2770 -o root -g www-data {temporary}/store/missing
retry=default : connected
CaughtUp
Sse\check(): a stream is open in this request already, and its closures can't open another; give one stream several keys instead
