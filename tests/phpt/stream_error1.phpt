--TEST--
Sse\stream(): keys that can't be used
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
attempt(fn () => Sse\stream());
attempt(fn () => Sse\stream(''));
attempt(fn () => Sse\stream([]));
attempt(fn () => Sse\stream(['a', "b\0"]));
attempt(fn () => Sse\stream(['a', str_repeat('k', 2000)]));
attempt(fn () => Sse\stream(null));
attempt(fn () => Sse\stream([['a']]));
attempt(fn () => Sse\stream(true));
attempt(fn () => Sse\stream(range(1, 65)));
attempt(fn () => Sse\stream('k', [], 5));
--EXPECT--
ArgumentCountError: Sse\stream() expects at least 1 argument, 0 given
Sse\InvalidArgumentException: Sse\stream(): a key must not be empty; name the stream, for example "USER_QUEUE_1"
Sse\InvalidArgumentException: Sse\stream(): a stream needs at least one key
Sse\InvalidArgumentException: Sse\stream(): a key must not contain a NUL byte, this one does at byte 1
Sse\InvalidArgumentException: Sse\stream(): a key is at most 1024 bytes, this one has 2000; use a hash of it
TypeError: Sse\stream(): keys must be a string or a list of strings, null given
TypeError: Sse\stream(): keys must be a list of strings, array given
TypeError: Sse\stream(): keys must be a string or a list of strings, bool given
Sse\InvalidArgumentException: Sse\stream(): keys "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32", "33", "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47", "48", "49", "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63", "64", "65": a stream follows at most 64 different keys, this one names more; open a second stream or push to a shared key
ArgumentCountError: Sse\stream() expects at most 2 arguments, 3 given
