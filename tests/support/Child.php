<?php
declare(strict_types=1);

namespace Sse\Support;

use RuntimeException;

/**
 * One process that we started, in a session of its own: a Ctrl-C in the terminal reaches us, not it.
 * The kernel ends it if we are killed without a chance to do so.
 */
final class Child
{
    private const PATIENCE_S = 5.0;

    /** @var resource */
    private $process;
    public readonly int $pid;

    /**
     * @param list<string> $command
     * @param string $log the file that gets its output and errors
     */
    public function __construct(array $command, public readonly string $log)
    {
        $process = proc_open(
            ['setsid', 'setpriv', '--pdeathsig', 'TERM', '--', ...$command],
            [['file', '/dev/null', 'r'], ['file', $log, 'a'], ['file', $log, 'a']],
            $pipes,
        );
        if ($process === false) {
            throw new RuntimeException("Could not start $command[0]");
        }
        $this->process = $process;
        $this->pid = proc_get_status($process)['pid'];
    }

    public function isRunning(): bool
    {
        return proc_get_status($this->process)['running'];
    }

    /**
     * Ends the process and returns when it is gone; one that does not listen is killed with its own children.
     *
     * @return bool whether it ended by itself
     */
    public function stop(int $signal = SIGTERM): bool
    {
        if (!$this->isRunning()) {
            return true;
        }
        posix_kill($this->pid, $signal);
        if (waitUntil(fn() => !$this->isRunning(), self::PATIENCE_S)) {
            return true;
        }
        foreach ([$this->pid, ...$this->children()] as $pid) {
            posix_kill($pid, SIGKILL);
        }
        waitUntil(fn() => !$this->isRunning(), self::PATIENCE_S);

        return false;
    }

    /**
     * @return list<int>
     */
    private function children(): array
    {
        $pids = @file_get_contents("/proc/$this->pid/task/$this->pid/children") ?: '';

        return array_map('intval', preg_split('/\s+/', $pids, -1, PREG_SPLIT_NO_EMPTY) ?: []);
    }
}
