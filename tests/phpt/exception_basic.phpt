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
    echo basename($error->getFile()), ':', $error->getLine(), "\n", str_replace(__DIR__ . '/', '', $error->getTraceAsString()), "\n";
}
foreach ([Sse\InvalidArgumentException::class, Sse\StoreException::class, Sse\StreamException::class] as $class) {
    // Applications and their tests make some, too.
    $error = new $class('message', 7, $error);
    echo $class, ' ', $error->getMessage(), ' ', $error->getCode(), ' ', $error->getPrevious()::class, ' ', get_parent_class($class), ' ';
    echo $error instanceof Sse\Exception ? 'yes' : 'no', ' ', basename($error->getFile()), "\n";
}
--EXPECT--
exception_basic.php:5
#0 exception_basic.php(5): Sse\push('', 1)
#1 exception_basic.php(8): deep()
#2 {main}
Sse\InvalidArgumentException message 7 Sse\InvalidArgumentException InvalidArgumentException yes exception_basic.php
Sse\StoreException message 7 Sse\InvalidArgumentException RuntimeException yes exception_basic.php
Sse\StreamException message 7 Sse\StoreException RuntimeException yes exception_basic.php
