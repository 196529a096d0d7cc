<?php
/**
 * How long from Sse\push() to a client while the same hub has trouble with other keys and stores.
 *
 * usage: php -d extension=SSE.SO trouble.php SSE.SO
 */
declare(strict_types=1);

use Sse\Support\Client;
use function Sse\Bench\at;
use function Sse\Bench\stack;

require __DIR__ . '/functions.php';

const PUSHES = 300;
const PAUSE_US = 5_000;
/** A client that comes to the trouble, so many pushes apart. */
const COMES_EVERY = 20;
/** Bytes of a log that goes on without a line end. */
const FLOOD = 256 << 20;

$stack = stack($argv[1]);
$directory = $stack->store;
$elsewhere = "$stack->dir/trouble";
mkdir($elsewhere) && chgrp($elsewhere, (int)filegroup($directory)) && chmod($elsewhere, 02770);

$open = function (string $key, string $dsn = '') use ($stack): Client {
    $options = json_encode((object)array_filter(['dsn' => $dsn]));

    return new Client("$stack->url/stream.php?" . http_build_query(['key' => $key, 'options' => $options]));
};
$log = fn(string $key): string => glob("$directory/" . strtr($key, ' ', '_') . '-*.log')[0];

Sse\push('own', 'first');
$own = $open('own');
$own->until('event: connected');

/**
 * @param \Closure(int): Client $come brings one more client to the trouble
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
        $own->until($text);
        $took[] = hrtime(true) - $began;
        usleep(PAUSE_US);
    }
    printf("%-52s p50 %7.1f µs   p99 %8.1f µs   worst %8.1f µs\n", $what, at($took, .5), at($took, .99), at($took, 1.));
};

$measure('nothing is wrong');
$measure('clients come to new keys', fn(int $i): Client => $open("calm $i"));

$lock = fopen("$directory/lock", 'r');
flock($lock, LOCK_EX);
$measure('the store is locked, clients come to new keys', fn(int $i): Client => $open("new $i"));
flock($lock, LOCK_UN);

Sse\push('damaged', 1);
$damaged = fopen($log('damaged'), 'a');
$reader = $open('damaged');
$reader->until('event: connected');
flock($damaged, LOCK_EX);
fwrite($damaged, "damage\n");
$measure('a line is damaged, its log is locked', fn(): Client => $open('damaged'));
flock($damaged, LOCK_UN);

Sse\push('flood', 1);
$flood = fopen($log('flood'), 'a');
$reader = $open('flood');
$reader->until('event: connected');
ftruncate($flood, FLOOD);
$measure(sprintf('a log has a line of %d MiB without an end', FLOOD >> 20), fn(): Client => $open('flood'));

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
$measure('a database is locked, clients come to new keys', fn(int $i): Client => $open("new $i", $dsn));
fclose($pipes[0]);
proc_close($holder);
