--TEST--
Sse\read(): ids, limits and keys that can't be used
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['', 'x', '1', '1-', '-1', '01-0', '1-0 ', ' 1-0', '1-0-0', '99999999999999999-0', '1-18446744073709551616', 5, 1.5] as $after) {
    attempt(fn () => Sse\read('k', $after));
}
attempt(fn () => Sse\read('k', true));
attempt(fn () => Sse\read('k', []));
foreach ([0, -100_001, 100_001, 'many', '', 1.5, INF, []] as $limit) {
    attempt(fn () => Sse\read('k', null, $limit));
}
--EXPECT--
Sse\InvalidArgumentException: Sse\read(): after: "" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "x" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "1" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "1-" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "-1" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "01-0" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "1-0 " is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: " 1-0" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "1-0-0" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "99999999999999999-0" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "1-18446744073709551616" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "5" is not an event id; ids are written ms-seq, for example 1767225600000-0
Sse\InvalidArgumentException: Sse\read(): after: "1.5" is not an event id; ids are written ms-seq, for example 1767225600000-0
TypeError: Sse\read(): after must be a string or null, bool given
TypeError: Sse\read(): after must be a string or null, array given
Sse\InvalidArgumentException: Sse\read(): limit must be a whole number from 1 to 100000, or from -1 to -100000 for the newest, 0 given
Sse\InvalidArgumentException: Sse\read(): limit must be a whole number from 1 to 100000, or from -1 to -100000 for the newest, -100001 given
Sse\InvalidArgumentException: Sse\read(): limit must be a whole number from 1 to 100000, or from -1 to -100000 for the newest, 100001 given
Sse\InvalidArgumentException: Sse\read(): limit must be a whole number from 1 to 100000, or from -1 to -100000 for the newest, many given
Sse\InvalidArgumentException: Sse\read(): limit must be a whole number from 1 to 100000, or from -1 to -100000 for the newest,  given
Sse\InvalidArgumentException: Sse\read(): limit must be a whole number from 1 to 100000, or from -1 to -100000 for the newest, 1.5 given
Sse\InvalidArgumentException: Sse\read(): limit must be a whole number from 1 to 100000, or from -1 to -100000 for the newest, inf given
Sse\InvalidArgumentException: Sse\read(): limit must be a whole number from 1 to 100000, or from -1 to -100000 for the newest, array given
