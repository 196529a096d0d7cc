--TEST--
Sse\stream(): what beforeSend throws or prints is logged with key and id, and the stream goes on
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['a', 'throw', 'b', 'print', 'bytes', 'name', 'warn', 'large', 'c'] as $payload) {
    Sse\push('k', $payload);
}
ini_set('log_errors', '0');
stream('k', ['replay' => 'all', 'beforeSend' => function (string $payload): mixed {
    switch ($payload) {
        case 'throw':
            throw new DomainException("no\nway");
        case 'print':
            echo "printed\n";
            break;
        case 'bytes':
            return "\xff";
        case 'name':
            return ['event' => "a\nb"];
        case 'warn':
            return $payload . $undefined;
        case 'large':
            return str_repeat('x', 2_000_000);
    }

    return $payload;
}], until: fn (string $seen): bool => str_contains($seen, '"c"'));
logged();
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "a"
#3 message "b"
#4 message "print"
#5 message "warn"
#6 message "xxxxxxxxxxxxxxxxxxxxxxxxxxxx… 2000013 bytes
#7 message "c"
log: sse: beforeSend, key "k", event id1 threw DomainException: no way in {test}:11; the stream goes on
log: sse: beforeSend, key "k", event id2 printed 8 bytes: printed\n
log: sse: beforeSend, key "k", event id3: its result can't be sent, the event is skipped: the data can't be encoded as JSON: Malformed UTF-8 characters, possibly incorrectly encoded; push arrays, scalars, UTF-8 strings or JsonSerializable objects
log: sse: beforeSend, key "k", event id4: its result can't be sent, the event is skipped: the event name "a\nb" has a line break or NUL at byte 1, which would forge lines on the wire; remove it
log: sse: beforeSend, key "k", event id5 printed N bytes: \nWarning: Undefined variable $undefined in {test} on line 20\n
