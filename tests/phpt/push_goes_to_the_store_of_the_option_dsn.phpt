--TEST--
Sse\push(): the option dsn names another store, and two directories never see each other
--FILE--
<?php
require __DIR__ . '/sse.inc';
store('one');
$two = temporary() . '/two';
mkdir($two);
$dsn = "file://$two";
Sse\push('k', 'first');
Sse\push('k', 'second', null, ['dsn' => $dsn]);
stream('k');
stream('k', ['dsn' => $dsn]);
echo Sse\read('k')[0]['data'], ' ', Sse\read('k', options: ['dsn' => $dsn])[0]['data'], "\n";
Sse\configure(['dsn' => $dsn]);
echo Sse\read('k')[0]['data'], "\n";
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "first"
CaughtUp
retry=default #3 connected {"time": "H:i:s"}
#4 message "second"
CaughtUp
first second
second
