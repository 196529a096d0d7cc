<?php
declare(strict_types=1);

namespace Sse\Test\Support\Server;

use PDO;
use PDOException;

/**
 * Debian's postgresql.
 */
final class Postgres extends Server
{
    protected static function programs(): array
    {
        return ['initdb', 'postgres'];
    }

    protected static function extension(): string
    {
        return 'pdo_pgsql';
    }

    protected static function user(): string
    {
        return 'postgres';
    }

    protected function install(): void
    {
        $this->run(['initdb', '--pgdata=data', '--username=sse', '--auth=trust', '--encoding=UTF8', '--no-sync']);
    }

    protected function command(): array
    {
        $settings = [
            'listen_addresses=', "unix_socket_directories=$this->directory", 'fsync=off', 'shared_buffers=32MB',
        ];

        return ['postgres', '-D', "$this->directory/data", ...array_merge(...array_map(
            fn(string $setting): array => ['-c', $setting],
            $settings,
        ))];
    }

    protected function answers(): bool
    {
        try {
            $pdo = $this->pdo('postgres');
            $found = $pdo->query("SELECT 1 FROM pg_database WHERE datname = 'sse'");
            if ($found === false || $found->fetch() === false) {
                $pdo->exec('CREATE DATABASE sse');
            }

            return true;
        } catch (PDOException) {
            return false;
        }
    }

    public function pdo(string $database = 'sse'): PDO
    {
        return new PDO("pgsql:host=$this->directory;dbname=$database", 'sse', '');
    }

    /**
     * "Fast": sessions are ended.
     */
    protected static function stopSignal(): int
    {
        return SIGINT;
    }
}
