<?php
/**
 * What the measurements share.
 */
declare(strict_types=1);

namespace Sse\Bench;

use RuntimeException;
use Sse\Support\Options;
use Sse\Support\Stack;
use function Sse\Support\stopAtTheEnd;

require dirname(__DIR__) . '/tests/support/load.php';

/** FPM workers of a stack. */
const WORKERS = 2;

/**
 * Servers of the measurement's own with the pages of the tests, and this process pushes into their store.
 */
function stack(string $extension, int $connections = 4096): Stack
{
    $stack = new Stack(new Options(dirname(__DIR__) . '/tests/support/public', $extension, WORKERS, connections: $connections));
    stopAtTheEnd($stack->stop(...), 1);
    $stack->start();
    \Sse\configure(['dir' => $stack->store]);

    return $stack;
}

/**
 * The time that so large a share of them did not exceed, in microseconds.
 *
 * @param non-empty-list<int|float> $took nanoseconds
 */
function at(array $took, float $share): float
{
    sort($took);

    return $took[(int)((count($took) - 1) * $share)] / 1e3;
}

/**
 * CPU time of a process so far, in milliseconds, by the clock's ticks of 10 ms.
 */
function cpuMs(int $pid): int
{
    $stat = (string)@file_get_contents("/proc/$pid/stat");
    $fields = explode(' ', substr($stat, (int)strrpos($stat, ')') + 2));

    return ((int)($fields[11] ?? 0) + (int)($fields[12] ?? 0)) * 10;
}

/** Memory that a process has written to, and shares with nobody: KiB. */
function anonymousKib(int $pid): int
{
    preg_match('/^RssAnon:\s+(\d+)/m', (string)file_get_contents("/proc/$pid/status"), $found);

    return (int)$found[1];
}

/** The program that holds the clients. */
final class Clients
{
    /** @var resource */
    private $process;
    /** @var array<int, resource> */
    private array $pipes;

    /**
     * @param list<string> $headers each may have {n} for the client's number
     */
    public function __construct(string $program, string $url, string $path, int $count, array $headers = [])
    {
        $address = substr($url, strlen('http://'));
        $this->process = proc_open([$program, $address, $path, (string)$count, ...$headers], [['pipe', 'r'], ['pipe', 'w']], $pipes)
            ?: throw new RuntimeException("cannot start $program");
        $this->pipes = $pipes;
    }

    public function ask(int $events): void
    {
        fwrite($this->pipes[0], "$events\n");
    }

    /** @return array<string, int|float> */
    public function answer(): array
    {
        return json_decode((string)fgets($this->pipes[1]), true) ?? throw new RuntimeException('the clients ended');
    }

    public function leave(): void
    {
        fclose($this->pipes[0]);
        proc_close($this->process);
    }
}
