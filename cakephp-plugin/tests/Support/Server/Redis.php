<?php
declare(strict_types=1);

namespace Sse\Test\Support\Server;

use Redis as Client;
use RedisException;

/**
 * Debian's redis-server, on a unix socket and on a port of the loopback.
 */
final class Redis extends Server
{
    private ?int $port = null;

    protected static function programs(): array
    {
        return ['redis-server'];
    }

    protected static function extension(): string
    {
        return 'redis';
    }

    protected static function user(): string
    {
        return 'redis';
    }

    protected function install(): void
    {
    }

    protected function command(): array
    {
        return [
            'redis-server', '--port', (string)$this->port(), '--bind', '127.0.0.1', '--unixsocket', $this->socket(),
            '--unixsocketperm', '777', '--dir', $this->directory, '--save', '', '--appendonly', 'yes',
            '--appendfsync', 'no',
        ];
    }

    protected function answers(): bool
    {
        try {
            return $this->client()->ping() === true;
        } catch (RedisException) {
            return false;
        }
    }

    public function client(): Client
    {
        $client = new Client();
        $client->connect($this->socket());

        return $client;
    }

    public function socket(): string
    {
        return "$this->directory/socket";
    }

    public function port(): int
    {
        if ($this->port === null) {
            $free = stream_socket_server('tcp://127.0.0.1:0');
            assert($free !== false);
            $this->port = (int)substr((string)strrchr((string)stream_socket_get_name($free, false), ':'), 1);
            fclose($free);
        }

        return $this->port;
    }
}
