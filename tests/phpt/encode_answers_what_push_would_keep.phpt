--TEST--
Sse\encode(): the data as Sse\push() would keep it
--FILE--
<?php
require __DIR__ . '/sse.inc';
// No store is needed.
Sse\configure(['dir' => '/nonexistent', 'max_payload' => '1K']);
attempt(fn () => Sse\encode(['event' => 'toast', 'text' => "é/\u{2028}", 'n' => 1.5]));
attempt(fn () => Sse\encode(['event' => 'no name'], 'toast'));
attempt(fn () => Sse\encode(null));
attempt(fn () => Sse\encode(new class implements JsonSerializable {
    public function jsonSerialize(): mixed
    {
        return ['serialized' => true];
    }
}, null));
attempt(fn () => strlen(Sse\encode(str_repeat('x', 1_022))));
--EXPECT--
{"event":"toast","text":"\u00e9\/\u2028","n":1.5}
{"event":"no name"}
null
{"serialized":true}
1024
