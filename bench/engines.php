<?php
/**
 * What a push costs and how soon it wakes another process, engine by engine; each in this process.
 *
 * usage: php -d extension=… engines.php [name=]dsn…
 */
declare(strict_types=1);

use function Sse\Bench\at;

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

printf("%-22s %12s %12s %12s %14s %14s\n", 'engine, µs', 'push p50', 'p99', 'worst', 'wake-up p50', 'p99');
foreach (array_slice($argv, 1) as $argument) {
    [$name, $dsn] = explode('=', $argument, 2);
    Sse\configure(['dsn' => $dsn]);
    $push = pushes();
    $wake = wakeUps();
    printf("%-22s %12.1f %12.1f %12.1f %14.1f %14.1f\n", $name, at($push, .5), at($push, .99), at($push, 1.), at($wake, .5), at($wake, .99));
}
