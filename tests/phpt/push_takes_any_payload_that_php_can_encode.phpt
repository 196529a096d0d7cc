--TEST--
Sse\push(): any payload that PHP can encode is stored and sent as PHP encodes it
--FILE--
<?php
require __DIR__ . '/sse.inc';
enum Suit: string
{
    case Hearts = 'H';
}
store();
$referenced = ['a' => 1];
$reference = &$referenced['a'];
$payloads = [
    0, -1, PHP_INT_MAX, 1.5, 1.0, 0.1 + 0.2, 1e25, -0.0, true, false, null, '', '0', 'text', 'é/"', "\u{2028}", "a\r\nb\t\0",
    [], [[]], [1, 2], ['a' => 1], [5 => 'five'], ['' => 'empty'], new stdClass(), (object)['a' => []], fn (): int => 1,
    Suit::Hearts, new ArrayObject([1]), new DateTimeImmutable('2026-01-01', new DateTimeZone('UTC')), $referenced,
];
foreach ($payloads as $payload) {
    Sse\push('k', $payload);
}
$data = preg_match_all('/^data: (.*)$/m', stream('k', ['replay' => 'all']), $lines);
var_dump(array_slice($lines[1], 1) === array_map(json_encode(...), $payloads));
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message 0
#3 message -1
#4 message 9223372036854775807
#5 message 1.5
#6 message 1
#7 message 0.30000000000000004
#8 message 1.0e+25
#9 message -0
#10 message true
#11 message false
#12 message null
#13 message ""
#14 message "0"
#15 message "text"
#16 message "\u00e9\/\""
#17 message "\u2028"
#18 message "a\r\nb\t\u0000"
#19 message []
#20 message [[]]
#21 message [1,2]
#22 message {"a":1}
#23 message {"5":"five"}
#24 message {"":"empty"}
#25 message {}
#26 message {"a":[]}
#27 message {}
#28 message "H"
#29 message {"0":1}
#30 message {"date":"2026-01-01 00:00:00.000000","timezone_type":3,"timezone":"UTC"}
#31 message {"a":1}
CaughtUp
bool(true)
