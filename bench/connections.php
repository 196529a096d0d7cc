<?php
/**
 * What a stream of the CakePHP engine `database` costs its server between two looks: a connection that is kept, against
 * one that is opened for each look. Starts MariaDB and PostgreSQL by itself, on sockets in temporary directories.
 *
 * usage: php connections.php (needs "composer install" in cakephp-plugin)
 */
declare(strict_types=1);

use Cake\Database\Connection;
use Cake\Database\Driver\Mysql;
use Cake\Database\Driver\Postgres as PostgresDriver;
use Sse\Test\Support\PayloadsSchema;
use Sse\Test\Support\Server\MariaDb;
use Sse\Test\Support\Server\Postgres;
use Sse\Test\Support\Server\Server;

use function Sse\Bench\at;

require __DIR__ . '/functions.php';
require dirname(__DIR__) . '/cakephp-plugin/vendor/autoload.php';

const LOOKS = 1_000;
const WARM_UP = 50;
const IDLE = 80;

/** @return list<int> a process and all below it */
function processes(int $pid): array
{
    $children = preg_split('/ /', (string)@file_get_contents("/proc/$pid/task/$pid/children"), flags: PREG_SPLIT_NO_EMPTY);

    return [$pid, ...array_merge(...array_map(fn (string $child): array => processes((int)$child), $children ?: []))];
}

/** Memory that is theirs, in KiB: what several share counts once. */
function memoryKib(int $pid): int
{
    $sum = 0;
    foreach (processes($pid) as $process) {
        preg_match('/^Pss:\s+(\d+)/m', (string)@file_get_contents("/proc/$process/smaps_rollup"), $matches);
        $sum += (int)($matches[1] ?? 0);
    }

    return $sum;
}

/** CPU time of the server so far, in milliseconds, with that of processes which ended. */
function serverCpuMs(int $pid): int
{
    $ticks = 0;
    foreach (processes($pid) as $process) {
        $stat = (string)@file_get_contents("/proc/$process/stat");
        $fields = explode(' ', substr($stat, (int)strrpos($stat, ')') + 2));
        $ticks += array_sum(array_map(intval(...), array_slice($fields, 11, 4)));
    }

    return $ticks * 10;
}

function ownCpuMs(): float
{
    $usage = getrusage();

    return ($usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']) * 1e3
        + ($usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec']) / 1e3;
}

/** What a stream asks each `poll` seconds: whether a key has something new. */
function look(Connection $connection): void
{
    $connection->selectQuery(['id'], 'sse_payloads')
        ->where(['stream_key' => hash('sha256', 'USER_QUEUE_1')])
        ->where(['OR' => ['position IS' => null, 'position >' => 7]], ['position' => 'biginteger'])
        ->limit(1)
        ->execute()
        ->fetch();
}

/** @param array<string, mixed> $config of the connection */
function measure(string $name, Server $server, int $pid, array $config): void
{
    $connection = new Connection(['persistent' => false, 'database' => 'sse', 'password' => ''] + $config);
    PayloadsSchema::create($connection);

    foreach (['kept' => false, 'opened each time' => true] as $how => $isOpenedAnew) {
        $took = [];
        for ($i = -WARM_UP; $i < LOOKS; $i++) {
            if ($i === 0) {
                [$own, $theirs] = [ownCpuMs(), serverCpuMs($pid)];
            }
            $began = hrtime(true);
            look($connection);
            if ($isOpenedAnew) {
                $connection->getDriver()->disconnect();
            }
            $took[] = hrtime(true) - $began;
        }
        $took = array_slice($took, WARM_UP);
        printf(
            "%-34s a look takes %6.0f us (p50) %6.0f us (p99), CPU: PHP %4.0f us, server %4.0f us\n",
            "$name, $how:",
            at($took, 0.5),
            at($took, 0.99),
            (ownCpuMs() - $own) / LOOKS * 1e3,
            (serverCpuMs($pid) - $theirs) / LOOKS * 1e3,
        );
    }

    $before = memoryKib($pid);
    $idle = [];
    for ($i = 0; $i < IDLE; $i++) {
        $idle[$i] = new Connection(['persistent' => false, 'database' => 'sse', 'password' => ''] + $config);
        look($idle[$i]);
    }
    printf("%-34s %d KiB of the server's memory\n", "$name, an idle connection:", (memoryKib($pid) - $before) / IDLE);
}

foreach ([
    'MariaDB' => [MariaDb::class, ['driver' => Mysql::class, 'username' => 'root'], 'unix_socket', '/socket'],
    'PostgreSQL' => [Postgres::class, ['driver' => PostgresDriver::class, 'username' => 'sse'], 'host', ''],
] as $name => [$class, $config, $setting, $place]) {
    $missing = $class::missing();
    if ($missing !== null) {
        fwrite(STDERR, "$missing: NOT MEASURED\n");
        continue;
    }
    $server = $class::shared();
    measure($name, $server, $server->pid(), $config + [$setting => $server->directory . $place]);
}
