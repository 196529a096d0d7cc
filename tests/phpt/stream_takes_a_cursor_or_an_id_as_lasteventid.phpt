--TEST--
Sse\stream(): lastEventId is a cursor or an event's id; anything else counts as none
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['one', 'two', 'three'] as $data) {
    $ids[] = Sse\push('k', $data);
}
tick();
Sse\push('other', 'x');
$wire = stream('k', ['replay' => 'all']);
preg_match_all('/^id: (.*)$/m', $wire, $cursors);
$after = static function (string $what, mixed $id, string|array $keys = 'k'): void {
    ob_start();
    Sse\stream($keys, ['lastEventId' => $id, 'replay' => 1, 'follow' => false]);
    preg_match_all('/^data: (?!.*time)(.*)$/m', ob_get_clean(), $data);
    echo "$what: ", masked(implode(' ', $data[1])), "\n";
};
$after('before the first', $cursors[1][0]);
$after('after the first', $cursors[1][1]);
$after('after the last', $cursors[1][3]);
$after('an id that push answered', $ids[1]);
$after('an id, two keys', $ids[1], ['k', 'other']);
$after('an id never reached', '9999999999999-0');
$after('none', null);
$after('empty', '');
$after('text', 'undefined');
$after('bytes', "\xff\0\r\n");
$after('cut', substr($cursors[1][1], 0, -1));
$after('changed', strrev($cursors[1][1]));
$after('padded', "{$cursors[1][1]}=");
$after('with a line break', "{$cursors[1][1]}\n");
$after('long', str_repeat('A', 100_000));
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "one"
#3 message "two"
#4 message "three"
CaughtUp
before the first: "one" "two" "three"
after the first: "two" "three"
after the last: 
an id that push answered: "three"
an id, two keys: "three" "x"
an id never reached: "three"
none: "three"
empty: "three"
text: "three"
bytes: "three"
cut: "three"
changed: "three"
padded: "three"
with a line break: "three"
long: "three"
