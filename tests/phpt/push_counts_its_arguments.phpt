--TEST--
Sse\push(): too few and too many arguments
--FILE--
<?php
require __DIR__ . '/sse.inc';
attempt(fn () => Sse\push());
attempt(fn () => Sse\push('k'));
attempt(fn () => Sse\push('k', 1, null, [], 5));
attempt(fn () => Sse\push('k', 1, name: 'a'));
--EXPECT--
ArgumentCountError: Sse\push() expects at least 2 arguments, 0 given
ArgumentCountError: Sse\push() expects at least 2 arguments, 1 given
ArgumentCountError: Sse\push() expects at most 4 arguments, 5 given
Error: Unknown named parameter $name
