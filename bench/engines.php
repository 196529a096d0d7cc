<?php
/**
 * What a push costs and how soon it wakes another process, engine by engine; each in this process.
 *
 * usage: php -d extension=SSE.SO engines.php
 */
declare(strict_types=1);

use Sse\Support\RedisServer;
use function Sse\Bench\at;
use function Sse\Support\program;
use function Sse\Support\removeTree;
use function Sse\Support\stopAtTheEnd;

require __DIR__ . '/functions.php';

const PUSHES = 20_000;
const WARM_UP = 2_000;
const WAKE_UPS = 500;

/** @return non-empty-list<int|float> of a hundred bytes of JSON */
function pushes(): array
{
    $data = ['message' => str_repeat('x', 100 - strlen('{"message":""}'))];
    $took = [];
    for ($i = 0; $i < WARM_UP + PUSHES; $i++) {
        $began = hrtime(true);
        Sse\push('bench', $data);
        if ($i >= WARM_UP) {
            $took[] = hrtime(true) - $began;
        }
    }

    return $took;
}

/** @return non-empty-list<int|float> from before the push to the closure of a stream in another process */
function wakeUps(): array
{
    $pipe = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
    $pid = pcntl_fork();
    if ($pid === 0) {
        fclose($pipe[0]);
        ob_start(static fn (): string => '', 1);
        Sse\stream('wake', [
            'replay' => 'none',
            'lifetime' => 60,
            'onLoop' => static function () use ($pipe): void {
                static $told = false;
                $told || fwrite($pipe[1], "ready\n");
                $told = true;
            },
            'beforeSend' => static function (int $began) use ($pipe): mixed {
                fwrite($pipe[1], hrtime(true) - $began . "\n");

                return null;
            },
        ]);
        exit(0);
    }
    fclose($pipe[1]);
    fgets($pipe[0]);
    $took = [];
    for ($i = 0; $i < WAKE_UPS; $i++) {
        Sse\push('wake', hrtime(true));
        $took[] = (int)fgets($pipe[0]);
        // The other process goes to sleep meanwhile, as one does that waits for long.
        usleep(2_000);
    }
    posix_kill($pid, SIGKILL);
    pcntl_waitpid($pid, $status);

    return $took;
}

/** What Redis itself takes for a stream's entry of a hundred bytes, by its own benchmark. */
function xadd(RedisServer $redis): string
{
    $command = [program('redis-benchmark'), '-s', $redis->socket, '-c', '1', '-n', (string)PUSHES, '--precision', '3', '--csv'];
    array_push($command, 'XADD', 'bench', '*', 'd', str_repeat('0', 100));
    exec(implode(' ', array_map(escapeshellarg(...), $command)), $lines);
    [$names, $values] = array_map(static fn (string $line): array => str_getcsv($line, ',', '"', ''), $lines);
    $row = array_combine($names, $values);

    return sprintf(
        "%-22s %12.1f %12.1f %12.1f   (redis-benchmark, one client)\n",
        'XADD alone', $row['p50_latency_ms'] * 1e3, $row['p99_latency_ms'] * 1e3, $row['max_latency_ms'] * 1e3,
    );
}

$dir = sys_get_temp_dir() . '/sse-bench-' . bin2hex(random_bytes(4));
$redis = null;
stopAtTheEnd(static function () use ($dir, &$redis): void {
    $redis?->stop();
    removeTree($dir);
}, 1);
mkdir($dir);
mkdir("$dir/store");
$engines = ['file' => "file://$dir/store", 'sqlite' => "sqlite://$dir/events.sqlite"];
try {
    $redis = new RedisServer($dir, options: ['--appendonly', 'no']);
    $engines['redis, unix socket'] = "redis+unix://$redis->socket";
} catch (RuntimeException $exception) {
    fwrite(STDERR, "THE ENGINE REDIS IS NOT MEASURED: {$exception->getMessage()}\n");
}
printf("%-22s %12s %12s %12s %14s %14s\n", 'engine, µs', 'push p50', 'p99', 'worst', 'wake-up p50', 'p99');
foreach ($engines as $name => $dsn) {
    Sse\configure(['dsn' => $dsn]);
    $push = pushes();
    $wake = wakeUps();
    printf("%-22s %12.1f %12.1f %12.1f %14.1f %14.1f\n", $name, at($push, .5), at($push, .99), at($push, 1.), at($wake, .5), at($wake, .99));
}
echo $redis ? xadd($redis) : '';
