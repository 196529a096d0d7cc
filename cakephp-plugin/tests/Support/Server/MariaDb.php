<?php
declare(strict_types=1);

namespace Sse\Test\Support\Server;

use PDO;
use PDOException;

/**
 * Debian's mariadb-server.
 */
final class MariaDb extends Server
{
    protected static function programs(): array
    {
        return ['mariadbd', 'mariadb-install-db'];
    }

    protected static function extension(): string
    {
        return 'pdo_mysql';
    }

    protected static function user(): string
    {
        return 'mysql';
    }

    protected function install(): void
    {
        $this->run([
            'mariadb-install-db', '--no-defaults', "--datadir=$this->directory/data", '--skip-test-db',
            '--auth-root-authentication-method=normal',
        ]);
    }

    protected function command(): array
    {
        return [
            'mariadbd', '--no-defaults', "--datadir=$this->directory/data", "--socket={$this->socket()}",
            "--pid-file=$this->directory/pid", '--skip-networking', '--innodb-buffer-pool-size=32M',
            '--innodb-flush-log-at-trx-commit=2', '--max-allowed-packet=64M',
        ];
    }

    protected function answers(): bool
    {
        try {
            $this->pdo()->exec('CREATE DATABASE IF NOT EXISTS sse');

            return true;
        } catch (PDOException) {
            return false;
        }
    }

    public function pdo(): PDO
    {
        return new PDO("mysql:unix_socket={$this->socket()}", 'root', '');
    }

    public function socket(): string
    {
        return "$this->directory/socket";
    }
}
