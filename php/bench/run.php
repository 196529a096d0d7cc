<?php
declare(strict_types=1);

/*
 * Figures of plain PHP: what a push costs, how soon an event is at a client of a stream, and what a stream that waits costs.
 * With an extension, the same of that.
 *
 *   php run.php [EXTENSION]
 */

require_once dirname(__DIR__) . '/bootstrap.php';

if (($argv[1] ?? '') === 'stream') {
    Sse\configure(['dir' => $argv[2]]);
    Sse\stream('k', ['replay' => 'none']);
    exit;
}
$load = isset($argv[1]) ? ['-d', 'extension=' . realpath($argv[1])] : [];
if ($load !== [] && !extension_loaded('sse')) {
    passthru(implode(' ', array_map(escapeshellarg(...), [PHP_BINARY, '-n', ...$load, __FILE__, $argv[1]])));
    exit;
}
$shown = implode(' ', array_map(escapeshellarg(...), $load));

$directory = sys_get_temp_dir() . '/sse-bench-' . bin2hex(random_bytes(6));
mkdir($directory);
Sse\configure(['dir' => $directory]);

function shown(array $times, string $unit): string
{
    sort($times);
    $at = fn (float $part): float => $times[(int)($part * (count($times) - 1))];

    return sprintf('p50 %.1f, p90 %.1f, p99 %.1f, most %.1f %s', $at(0.5), $at(0.9), $at(0.99), $at(1), $unit);
}

$data = ['message' => str_repeat('x', 200)];
$push = function (string $key) use ($data): float {
    $began = hrtime(true);
    Sse\push($key, $data);

    return (hrtime(true) - $began) / 1e3;
};
array_map(fn () => $push('warm'), range(1, 1_000));
echo 'push, in one process:            ', shown(array_map(fn () => $push('pushed'), range(1, 20_000)), 'µs'), "\n";

// What a push costs in a page: all of it is new to a request, but that opcache has the code. About 1,000 events are kept.
file_put_contents("$directory/page.php", sprintf(
    '<?php $t = hrtime(true); require_once %s; Sse\configure(["dir" => %s]); Sse\push("pushed", ["message" => str_repeat("x", 200)]); echo (hrtime(true) - $t) / 1e3;',
    var_export(dirname(__DIR__) . '/bootstrap.php', true),
    var_export($directory, true),
));
$log = ['file', "$directory/server.log", 'w'];
$server = proc_open([PHP_BINARY, ...$load, '-S', '127.0.0.1:0', '-t', $directory], [['file', '/dev/null', 'r'], $log, $log], $pipes);
while (preg_match('~http://127\.0\.0\.1:\d+~', (string)file_get_contents("$directory/server.log"), $url) === 0) {
    usleep(5_000);
}
$page = fn (): float => (float)file_get_contents("$url[0]/page.php");
array_map($page, range(1, 5));
echo 'push, in a page with opcache:    ', shown(array_map($page, range(1, 300)), 'µs'), "\n";
proc_terminate($server);

// The same on the command line, which has no opcache.
$first = [];
for ($number = 0; $number < 60; $number++) {
    $code = sprintf(
        'require_once %s; Sse\configure(["dir" => $argv[1]]); $t = hrtime(true); Sse\push("pushed", ["message" => str_repeat("x", 200)]); echo (hrtime(true) - $t) / 1e3;',
        var_export(dirname(__DIR__) . '/bootstrap.php', true),
    );
    $first[] = (float)shell_exec(sprintf('%s -n %s -r %s -- %s', PHP_BINARY, $shown, escapeshellarg($code), escapeshellarg($directory)));
}
echo 'push, first one of a process:    ', shown($first, 'µs'), " (with loading the code)\n";

$stream = proc_open([PHP_BINARY, '-n', ...$load, __FILE__, 'stream', $directory], [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR], $pipes);
fgets($pipes[1]);
stream_set_blocking($pipes[1], false);
foreach ([50, 200, 1_000, 5_000] as $pause) {
    $times = [];
    for ($number = 0; $number < max(12, 20_000 / $pause); $number++) {
        usleep($pause * 1_000);
        stream_get_contents($pipes[1]);
        $began = hrtime(true);
        Sse\push('k', $data);
        do {
            $read = [$pipes[1]];
            $write = $except = null;
            stream_select($read, $write, $except, 1);
        } while (!str_contains((string)stream_get_contents($pipes[1]), 'event: message'));
        $times[] = (hrtime(true) - $began) / 1e6;
    }
    printf("push to client, every %5d ms:  %s\n", $pause, shown($times, 'ms'));
}
$used = function () use ($stream): int {
    $fields = explode(' ', (string)file_get_contents('/proc/' . proc_get_status($stream)['pid'] . '/stat'));

    return (int)$fields[13] + (int)$fields[14];
};
// Long enough to be as slow as it gets.
sleep(5);
[$began, $before] = [hrtime(true), $used()];
sleep(30);
printf("a stream that waits:             %.2f %% of a core\n", ($used() - $before) / 100 / ((hrtime(true) - $began) / 1e9) * 100);
proc_terminate($stream);
exec('rm -r ' . escapeshellarg($directory));
