<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use Closure;
use RuntimeException;

/**
 * A script of tests/Support/bin in a process of its own.
 */
abstract class Process
{
    /**
     * How long a test waits for what has to come, in seconds.
     */
    private const PATIENCE = 20.0;

    /**
     * @var resource
     */
    protected $input;

    /**
     * @var resource
     */
    protected $output;

    protected string $received = '';

    /**
     * @var resource|null
     */
    private $process;

    private readonly string $log;

    /**
     * @param string $script The script.
     * @param list<string> $arguments Its arguments.
     * @param array<string, string> $environment What it finds in the environment besides.
     * @param array<string, string> $settings PHP's settings.
     */
    final protected function __construct(string $script, array $arguments, array $environment, array $settings)
    {
        // Unless it is installed.
        $extension = getenv('SSE_EXTENSION');
        $flags = $extension === false ? [] : ['-d', "extension=$extension"];
        foreach ($settings as $name => $value) {
            array_push($flags, '-d', "$name=$value");
        }
        $this->log = "$environment[SSE_TMP]/php.log";
        $log = ['file', $this->log, 'a'];
        $command = [PHP_BINARY, ...$flags, __DIR__ . "/bin/$script.php", ...$arguments];
        $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], $log], $pipes, null, $environment + getenv());
        if ($process === false) {
            throw new RuntimeException("$script does not start");
        }
        $this->process = $process;
        [$this->input, $this->output] = $pipes;
        stream_set_blocking($this->output, false);
    }

    public function __destruct()
    {
        $this->kill();
    }

    /**
     * Ends it at once, wherever it is.
     */
    final public function kill(): void
    {
        if ($this->process !== null) {
            proc_terminate($this->process, SIGKILL);
            proc_close($this->process);
            $this->process = null;
        }
    }

    final public function isRunning(): bool
    {
        return $this->process !== null && proc_get_status($this->process)['running'];
    }

    /**
     * Reads on until something is so.
     *
     * @template T
     * @param \Closure(): T $found What is waited for: an answer that isn't falsy.
     * @param string $what Its name, for the error.
     * @return T
     */
    final public function until(Closure $found, string $what): mixed
    {
        $until = microtime(true) + self::PATIENCE;
        do {
            $isOver = microtime(true) > $until || !$this->isRunning() && feof($this->output);
            $answer = $found();
            if (!$answer && $isOver) {
                $log = file_get_contents($this->log, offset: max(0, (int)filesize($this->log) - 4000));
                throw new RuntimeException("In vain for $what; there is: $this->received; it said: $log");
            }
            if (!$answer) {
                $this->wait(0.1);
            }
        } while (!$answer);

        return $answer;
    }

    /**
     * Reads what comes within so many seconds, at most once.
     */
    final public function wait(float $seconds): void
    {
        $read = [$this->output];
        $write = $except = null;
        stream_select($read, $write, $except, 0, (int)($seconds * 1e6));
        $this->received .= stream_get_contents($this->output);
    }
}
