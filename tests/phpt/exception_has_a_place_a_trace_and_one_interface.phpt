--TEST--
the exceptions are ordinary ones, with a place and a trace, under one interface
--FILE--
<?php
require __DIR__ . '/sse.inc';
function deep(): void
{
    Sse\push('', 1);
}
try {
    deep();
} catch (Sse\Exception $error) {
    echo masked("{$error->getFile()}:{$error->getLine()}\n{$error->getTraceAsString()}\n");
}
foreach ([Sse\InvalidArgumentException::class, Sse\StoreException::class, Sse\StreamException::class] as $class) {
    // Applications and their tests make some, too.
    $error = new $class('message', 7, $error);
    echo $class, ' ', $error->getMessage(), ' ', $error->getCode(), ' ', $error->getPrevious()::class, ' ', get_parent_class($class), ' ';
    echo $error instanceof Sse\Exception ? 'yes' : 'no', ' ', masked($error->getFile()), "\n";
}
--EXPECT--
{test}:5
#0 {test}(5): Sse\push('', 1)
#1 {test}(8): deep()
#2 {main}
Sse\InvalidArgumentException message 7 Sse\InvalidArgumentException InvalidArgumentException yes {test}
Sse\StoreException message 7 Sse\InvalidArgumentException RuntimeException yes {test}
Sse\StreamException message 7 Sse\StoreException RuntimeException yes {test}
