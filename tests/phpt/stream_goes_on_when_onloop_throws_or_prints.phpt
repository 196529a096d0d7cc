--TEST--
Sse\stream(): what onLoop throws or prints is logged, exit in it ends the script
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$calls = 0;
stream('k', ['poll' => 0.05, 'onLoop' => function () use (&$calls): void {
    match (++$calls) {
        1 => throw new DomainException('not now'),
        2 => print('printed'),
        3 => Sse\push('k', 'goes on'),
        4 => exit('bye'),
    };
}], until: 3);
echo "not reached\n";
--EXPECT--
retry=default #1 connected {"time": "H:i:s"}
#2 message "goes on"
log: sse: onLoop threw DomainException: not now in {test}:7; the stream goes on
log: sse: onLoop printed 7 bytes: printed
log: sse: onLoop printed 3 bytes: bye
