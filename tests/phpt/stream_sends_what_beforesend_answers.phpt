--TEST--
Sse\stream(): beforeSend filters and changes what is sent
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$payloads = [['n' => 1], ['n' => 2], 'text', 0, [], null, (object)[], 1.0, ['event' => 'toast', 'n' => 3]];
foreach ($payloads as $payload) {
    Sse\push('k', $payload);
}
Sse\push('k', ['n' => 4], 'explicit');
$seen = [];
stream('k', ['replay' => 'all', 'beforeSend' => function (mixed $payload) use (&$seen): mixed {
    $seen[] = $payload;

    return match ($payload) {
        ['n' => 2] => ['n' => 'two', 'event' => 'named'],
        'text' => "a\nb",
        ['event' => 'toast', 'n' => 3] => ['n' => 'three'],
        ['n' => 4] => ['event' => 'data', 'n' => 'four'],
        default => $payload,
    };
}]);
echo json_encode($seen), "\n";
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message {"n":1}
#3 named {"n":"two"}
#4 message "a\nb"
#5 message 1
#6 message {"n":"three"}
#7 explicit {"event":"data","n":"four"}
CaughtUp
[{"n":1},{"n":2},"text",0,[],null,[],1,{"event":"toast","n":3},{"n":4}]
