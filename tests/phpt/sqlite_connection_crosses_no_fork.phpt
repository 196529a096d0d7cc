--TEST--
sqlite://: a process and its children push and stream; a connection never crosses the fork
--SKIPIF--
<?php extension_loaded('pcntl') or exit('skip pcntl is missing');
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\configure(['dsn' => 'sqlite://' . temporary() . '/a.sqlite', 'retention_events' => 100_000]);
Sse\push('k', 'before the fork');
$own = fn (): array => array_filter(array_map('readlink', glob('/proc/self/fd/*')) , fn ($to) => preg_match('~/a\.sqlite(-wal|-shm)?$~', (string)$to));
$children = [];
foreach (range(1, 4) as $number) {
    $children[] = $pid = pcntl_fork();
    if ($pid === 0) {
        // Nothing of the database was inherited.
        $inherited = count(@$own());
        foreach (range(1, 300) as $event) {
            Sse\push('k', [$number, $event]);
        }
        exit($inherited);
    }
    Sse\push('k', [0, $number]);
}
foreach ($children as $pid) {
    pcntl_waitpid($pid, $status);
    echo 'inherited: ', pcntl_wexitstatus($status), "\n";
}
$events = array_column(Sse\read('k', null, 5_000), 'data');
foreach (range(1, 4) as $number) {
    $mine = array_column(array_filter($events, fn ($data) => is_array($data) && $data[0] === $number), 1);
    echo $mine === range(1, 300) ? 'each once, in order' : 'mixed up', "\n";
}
--EXPECT--
inherited: 0
inherited: 0
inherited: 0
inherited: 0
each once, in order
each once, in order
each once, in order
each once, in order
