<?php
declare(strict_types=1);

/*
 * Thousands of streams over one store, with the extension and without it: the bytes are the same.
 *
 *   php run.php EXTENSION
 */

require_once dirname(__DIR__, 2) . '/bootstrap.php';

$extension = (string)realpath($argv[1]);
$directory = sys_get_temp_dir() . '/sse-recorded-' . bin2hex(random_bytes(6));
mkdir("$directory/store", recursive: true);
Sse\configure(['dir' => "$directory/store"]);
foreach (range(1, 12) as $number) {
    Sse\push('many', $number);
}
foreach ([['event' => 'toast', 'a' => 1], 'text', ['a' => 1.0, 'event' => 'toast', 'b' => []], (object)[], null, "é\n/\u{2028}"] as $data) {
    Sse\push('names', $data);
    Sse\push("b\xffytes \"é\"", $data, 'Grüße');
}
Sse\configure(['retention_events' => 3]);
foreach (range(1, 9) as $number) {
    Sse\push('gone', $number);
}
Sse\configure(['retention_events' => 1000]);
foreach (['a', 'gone', 'b', 'gone'] as $reference) {
    Sse\push('external', $reference, null, ['external' => true]);
    Sse\push('damaged', $reference);
}
Sse\push('external', 'plain');
$damaged = glob("$directory/store/damaged-*.log")[0];
file_put_contents($damaged, str_replace('"b"', '"B"', (string)file_get_contents($damaged)) . "1 no line\nand torn");
// Line ends in the data, which only a log written by hand has.
$id = Sse\push('lines', 'x');
$lines = glob("$directory/store/lines-*.log")[0];
$head = "{$id}0 - 5";
file_put_contents($lines, "$head " . hash('crc32b', "$head a\rb\rc") . " a\rb\rc\n", FILE_APPEND);

$recorded = [];
foreach ([['-d', "extension=$extension"], []] as $number => $with) {
    $store = "$directory/$number";
    exec('cp -a ' . escapeshellarg("$directory/store") . ' ' . escapeshellarg($store));
    $command = [PHP_BINARY, '-n', '-d', "error_log=$directory/$number.log", ...$with, __DIR__ . '/streams.php', $store];
    $process = proc_open($command, [['file', '/dev/null', 'r'], ['file', "$directory/$number.out", 'w'], STDERR], $pipes);
    proc_close($process) === 0 || exit(1);
    $text = (string)file_get_contents("$directory/$number.out");
    $recorded[] = (string)preg_replace('/"time": "\d\d:\d\d:\d\d"/', '"time": "H:i:s"', $text);
    // What is logged is the same, too.
    $log = (string)file_get_contents("$directory/$number.log");
    $recorded[] = (string)preg_replace('/^\[[^]]*\] /m', '', $log);
}
[$wire, $log, $plainWire, $plainLog] = $recorded;
if ($wire !== $plainWire || $log !== $plainLog) {
    echo "They differ: see $directory/{0,1}.{out,log}\n";
    exit(1);
}
printf("%d streams, %d bytes and %d lines of the log: the same\n", substr_count($wire, '== '), strlen($wire), substr_count($log, "\n"));
exec('rm -r ' . escapeshellarg($directory));
