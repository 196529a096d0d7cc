--TEST--
Sse\push(): a store that isn't there, or is something else
--FILE--
<?php
require __DIR__ . '/sse.inc';
$directory = temporary();
Sse\configure(['dir' => "$directory/missing"]);
try {
    Sse\push("k", 1);
} catch (Sse\StoreException $error) {
    echo masked((string)preg_replace("/-o \\S+ -g \\S+/", "-o USER -g GROUP", $error->getMessage())), "\n";
}
touch("$directory/file");
Sse\configure(['dir' => "$directory/file"]);
attempt(fn () => Sse\push('k', 1));
Sse\configure(['dir' => "$directory/file/below"]);
attempt(fn () => Sse\push('k', 1));
--EXPECT--
Sse\push(): key "k": the store's directory {temporary}/missing does not exist; create it: sudo install -d -m 2770 -o USER -g GROUP {temporary}/missing
Sse\StoreException: Sse\push(): key "k": the store's path {temporary}/file is not a directory; name another one in sse.dir
Sse\StoreException: Sse\push(): key "k": the store's path {temporary}/file/below is not a directory; name another one in sse.dir
