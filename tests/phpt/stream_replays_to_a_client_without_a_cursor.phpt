--TEST--
Sse\stream(): replay says what a client without a cursor gets first of each key
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach ([1, 2, 3] as $number) {
    Sse\push('a', "a$number");
    Sse\push('b', "b$number");
}
foreach ([null, 'last', 'none', 'all', 0, 1, 2, 1_000_000] as $replay) {
    echo json_encode($replay), ': ';
    ob_start();
    Sse\stream(['a', 'b'], ['replay' => $replay, 'follow' => false]);
    preg_match_all('/^data: "(.*)"$/m', ob_get_clean(), $data);
    sort($data[1]);
    echo implode(' ', $data[1]), "\n";
}
// With a cursor, it is for keys that the cursor doesn't know.
stream(['a', 'b'], ['replay' => 2, 'lastEventId' => Sse\cursor('a')]);
--EXPECT--
null: a3 b3
"last": a3 b3
"none": 
"all": a1 a2 a3 b1 b2 b3
0: 
1: a3 b3
2: a2 a3 b2 b3
1000000: a1 a2 a3 b1 b2 b3
retry=default #1 connected {"time": "H:i:s"}
#2 message "b2"
#3 message "b3"
CaughtUp
