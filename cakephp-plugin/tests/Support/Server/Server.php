<?php
declare(strict_types=1);

namespace Sse\Test\Support\Server;

use RuntimeException;

/**
 * A real server for the tests: in a directory of its own, on a unix socket there, stopped by its process.
 *
 * As root it runs as the user that its package made: none of them runs as root.
 */
abstract class Server
{
    private const PATIENCE = 60.0;

    /**
     * @var array<class-string<self>, self>
     */
    private static array $running = [];

    public readonly string $directory;

    /**
     * @var resource|null
     */
    private $process = null;

    /**
     * Programs that it needs, by their name or whole path.
     *
     * @return list<string>
     */
    abstract protected static function programs(): array;

    /**
     * The extension by which PHP talks to it.
     */
    abstract protected static function extension(): string;

    /**
     * The user that its package makes.
     */
    abstract protected static function user(): string;

    /**
     * Makes what it needs before it starts for the first time.
     */
    abstract protected function install(): void;

    /**
     * @return list<string> the command that stays in the foreground
     */
    abstract protected function command(): array;

    /**
     * Whether it answers.
     */
    abstract protected function answers(): bool;

    final public function __construct()
    {
        // Short: the path of a socket has little room.
        $this->directory = '/tmp/sse-' . bin2hex(random_bytes(4));
        mkdir($this->directory, 0755);
        if (self::isRoot()) {
            chown($this->directory, static::user());
        }
    }

    /**
     * Why it can't be had here; null if it can.
     */
    final public static function missing(): ?string
    {
        if (!extension_loaded(static::extension())) {
            return 'THERE IS NO PHP EXTENSION ' . static::extension() . ' HERE';
        }
        foreach (static::programs() as $program) {
            if (static::path($program) === null) {
                return "THERE IS NO $program HERE";
            }
        }
        if (self::isRoot() && (posix_getpwnam(static::user()) === false || static::path('setpriv') === null)) {
            return 'THERE IS NO USER ' . static::user() . ' OR NO setpriv HERE';
        }

        return null;
    }

    /**
     * The one that runs for all tests, until they end.
     *
     * @throws \RuntimeException when it doesn't start
     */
    final public static function shared(): static
    {
        $server = self::$running[static::class] ?? null;
        if (!$server instanceof static) {
            $server = new static();
            self::$running[static::class] = $server;
            $owner = getmypid();
            register_shutdown_function(fn() => getmypid() === $owner ? $server->remove() : null);
            $server->install();
            $server->start();
        }

        return $server;
    }

    /**
     * @throws \RuntimeException when it doesn't start
     */
    final public function start(): void
    {
        $log = "$this->directory/server.log";
        $process = proc_open(
            $this->asUser($this->command()),
            [['file', '/dev/null', 'r'], ['file', $log, 'a'], ['file', $log, 'a']],
            $pipes,
            $this->directory,
        );
        $this->process = $process ?: null;
        $until = microtime(true) + self::PATIENCE;
        while (!$this->answers()) {
            if ($this->process === null || microtime(true) > $until || !proc_get_status($this->process)['running']) {
                throw new RuntimeException(static::class . ' does not start: ' . file_get_contents($log));
            }
            usleep(20_000);
        }
    }

    /**
     * Stops it, as its service would.
     */
    final public function stop(): void
    {
        if ($this->process === null) {
            return;
        }
        proc_terminate($this->process, static::stopSignal());
        $until = microtime(true) + self::PATIENCE;
        while (proc_get_status($this->process)['running']) {
            if (microtime(true) > $until) {
                proc_terminate($this->process, SIGKILL);
            }
            usleep(10_000);
        }
        proc_close($this->process);
        $this->process = null;
    }

    /**
     * Its process, while it runs.
     */
    final public function pid(): int
    {
        return $this->process === null ? 0 : proc_get_status($this->process)['pid'];
    }

    final public function restart(): void
    {
        $this->stop();
        $this->start();
    }

    /**
     * The signal that ends it soon, whoever is connected.
     */
    protected static function stopSignal(): int
    {
        return SIGTERM;
    }

    /**
     * @param list<string> $command A command.
     * @throws \RuntimeException when it fails
     */
    final protected function run(array $command): string
    {
        $log = "$this->directory/run.log";
        $process = proc_open(
            $this->asUser($command),
            [['file', '/dev/null', 'r'], ['file', $log, 'w'], ['file', $log, 'a']],
            $pipes,
            $this->directory,
        );
        $status = $process === false ? -1 : proc_close($process);
        $said = (string)file_get_contents($log);
        if ($status !== 0) {
            throw new RuntimeException(implode(' ', $command) . " answered $status: $said");
        }

        return $said;
    }

    /**
     * A program's path; sbin is often missing from a user's PATH, and some are in directories of their own.
     */
    final protected static function path(string $program): ?string
    {
        $directories = [...explode(':', (string)getenv('PATH')), '/usr/local/sbin', '/usr/sbin', '/sbin'];
        $newest = glob('/usr/lib/postgresql/*/bin') ?: [];
        foreach ([...array_reverse($newest), ...$directories] as $directory) {
            if (is_executable("$directory/$program")) {
                return "$directory/$program";
            }
        }

        return null;
    }

    private static function isRoot(): bool
    {
        return posix_geteuid() === 0;
    }

    /**
     * @param list<string> $command A command.
     * @return list<string>
     */
    private function asUser(array $command): array
    {
        $program = (string)static::path((string)array_shift($command));
        if (!self::isRoot()) {
            return [$program, ...$command];
        }
        $user = posix_getpwnam(static::user()) ?: throw new RuntimeException('There is no user ' . static::user());
        $as = ["--reuid=$user[uid]", "--regid=$user[gid]", '--clear-groups'];

        return [(string)static::path('setpriv'), ...$as, $program, ...$command];
    }

    private function remove(): void
    {
        $this->stop();
        exec('rm -rf ' . escapeshellarg($this->directory));
    }
}
