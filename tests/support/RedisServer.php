<?php
declare(strict_types=1);

namespace Sse\Support;

use RuntimeException;

/**
 * A Redis of our own, on a unix socket and on a port of the loopback, that keeps what it has over a restart.
 */
final class RedisServer
{
    private const READY_WITHIN_S = 30.0;

    public readonly string $socket;
    public readonly int $port;
    private ?Child $server = null;

    /**
     * @param string $dir where it has its files
     * @param string $password what it asks of everybody; none if empty
     * @param list<string> $options more ones of redis-server
     * @throws \RuntimeException when it does not start
     */
    public function __construct(private readonly string $dir, private readonly string $password = '', private readonly array $options = [])
    {
        $this->socket = "$dir/redis.sock";
        [$this->port] = freePorts(1);
        $this->start();
    }

    public function start(): void
    {
        $command = [
            program('redis-server'), '--bind', '127.0.0.1', '--port', (string)$this->port, '--unixsocket', $this->socket,
            '--dir', $this->dir, '--save', '', '--appendonly', 'yes',
            ...($this->password === '' ? [] : ['--requirepass', $this->password]),
            ...$this->options,
        ];
        $this->server = new Child($command, "$this->dir/redis.log");
        waitUntil(fn(): bool => trim($this->cli('PING')) === 'PONG', self::READY_WITHIN_S)
            || throw new RuntimeException('Redis does not start: ' . file_get_contents("$this->dir/redis.log"));
    }

    public function stop(): void
    {
        $this->server?->stop();
        $this->server = null;
    }

    /**
     * What redis-cli says to a command.
     */
    public function cli(string ...$arguments): string
    {
        $login = $this->password === '' ? [] : ['--no-auth-warning', '-a', $this->password];
        $command = array_map(escapeshellarg(...), [program('redis-cli'), '-s', $this->socket, ...$login, ...$arguments]);

        return (string)shell_exec(implode(' ', $command) . ' 2>/dev/null');
    }
}
