--TEST--
Sse\recalling(): false where no hub has made the request, and it takes no argument
--FILE--
<?php
require __DIR__ . '/sse.inc';
putenv('SSE_RECALL=x');
$_SERVER['SSE_RECALL'] = 'x';
var_dump(Sse\recalling());
try {
    Sse\recalling(1);
} catch (ArgumentCountError $error) {
    echo $error->getMessage(), "\n";
}
--EXPECT--
bool(false)
Sse\recalling() expects exactly 0 arguments, 1 given
