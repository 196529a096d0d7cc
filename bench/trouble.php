<?php
/**
 * How long from Sse\push() to a client while the same hub has trouble with other keys and stores.
 *
 * usage: php -d extension=… -d sse.dir=… trouble.php http://127.0.0.1:PORT/stream.php
 */
declare(strict_types=1);

use function Sse\Bench\at;
use function Sse\Bench\readUntil;

require __DIR__ . '/functions.php';

const PUSHES = 300;
const PAUSE_US = 5_000;
const DEADLINE_S = 10;
/** A client that comes to the trouble, so many pushes apart. */
const COMES_EVERY = 20;
/** Bytes of a log that goes on without a line end. */
const FLOOD = 256 << 20;

[, $address] = $argv;
$directory = (string)ini_get('sse.dir');
$elsewhere = "$directory/../trouble";
mkdir($elsewhere) && chgrp($elsewhere, (int)filegroup($directory)) && chmod($elsewhere, 02770);

$open = function (string $key, string $dsn = '') use ($address): mixed {
    $url = parse_url($address);
    $socket = stream_socket_client("tcp://{$url['host']}:{$url['port']}", timeout: DEADLINE_S)
        ?: throw new RuntimeException("Cannot connect to $address");
    stream_set_timeout($socket, DEADLINE_S);
    $query = http_build_query(array_filter(['key' => $key, 'dsn' => $dsn]));
    fwrite($socket, "GET {$url['path']}?$query HTTP/1.0\r\nHost: {$url['host']}\r\n\r\n");

    return $socket;
};
$log = fn(string $key): string => glob("$directory/" . strtr($key, ' ', '_') . '-*.log')[0];

Sse\push('own', 'first');
$own = $open('own');
readUntil($own, 'event: connected');

/**
 * @param \Closure(int): mixed $come brings one more client to the trouble
 */
$measure = function (string $what, ?Closure $come = null) use ($own): void {
    static $mark = 0;
    $took = $clients = [];
    for ($i = 0; $i < PUSHES; $i++) {
        if ($come && $i % COMES_EVERY === 0) {
            $clients[] = $come($i);
        }
        $text = 'mark-' . $mark++ . '-';
        $began = hrtime(true);
        Sse\push('own', $text);
        readUntil($own, $text);
        $took[] = hrtime(true) - $began;
        usleep(PAUSE_US);
    }
    printf("%-52s p50 %7.1f µs   p99 %8.1f µs   worst %8.1f µs\n", $what, at($took, .5), at($took, .99), at($took, 1.));
};

$measure('nothing is wrong');
$measure('clients come to new keys', fn(int $i): mixed => $open("calm $i"));

$lock = fopen("$directory/lock", 'r');
flock($lock, LOCK_EX);
$measure('the store is locked, clients come to new keys', fn(int $i): mixed => $open("new $i"));
flock($lock, LOCK_UN);

Sse\push('damaged', 1);
$damaged = fopen($log('damaged'), 'a');
$reader = $open('damaged');
readUntil($reader, 'event: connected');
flock($damaged, LOCK_EX);
fwrite($damaged, "damage\n");
$measure('a line is damaged, its log is locked', fn(): mixed => $open('damaged'));
flock($damaged, LOCK_UN);

Sse\push('flood', 1);
$flood = fopen($log('flood'), 'a');
$reader = $open('flood');
readUntil($reader, 'event: connected');
ftruncate($flood, FLOOD);
$measure(sprintf('a log has a line of %d MiB without an end', FLOOD >> 20), fn(): mixed => $open('flood'));

if (!extension_loaded('sqlite3')) {
    echo "PHP'S EXTENSION SQLITE3 IS MISSING: A LOCKED DATABASE IS NOT MEASURED\n";
    exit;
}
// By a process without our extension: two copies of SQLite in one process undo each other's locks.
$dsn = "sqlite://$elsewhere/events.sqlite";
Sse\push('known', 1, options: ['dsn' => $dsn]);
$hold = '$database = new SQLite3($argv[1]); $database->exec("BEGIN IMMEDIATE"); echo "held\n"; fgets(STDIN);';
$holder = proc_open([PHP_BINARY, '-r', $hold, "$elsewhere/events.sqlite"], [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
fgets($pipes[1]);
$measure('a database is locked, clients come to new keys', fn(int $i): mixed => $open("new $i", $dsn));
fclose($pipes[0]);
proc_close($holder);
