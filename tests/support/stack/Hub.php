<?php
declare(strict_types=1);

namespace Sse\Support;

/**
 * A place of its own for the hub that the stack's workers start: a directory that only their user may enter.
 *
 * The hub is no child of ours. It leaves its pid beside its socket, and is ended by it.
 */
final class Hub
{
    private const PATIENCE_S = 5.0;

    public readonly string $socket;
    public readonly string $log;

    public function __construct(private readonly string $dir)
    {
        $this->socket = "$dir/hub.sock";
        $this->log = "$dir/hub.log";
    }

    /**
     * Whether an extension has a hub at all.
     */
    public static function isKnownTo(string $extension): bool
    {
        $script = 'exit((int)(ini_get("sse.hub_socket") === false));';
        $command = [PHP_BINARY, '-d', "extension=$extension", '-r', $script];
        exec(implode(' ', array_map(escapeshellarg(...), $command)), result_code: $status);

        return $status === 0;
    }

    public function makeDirectory(): void
    {
        mkdir($this->dir);
        chmod($this->dir, 0700);
        if (posix_geteuid() === 0) {
            chown($this->dir, Configuration::WEB_USER);
            chgrp($this->dir, Configuration::WEB_USER);
        }
    }

    /**
     * @return list<string>
     */
    public function settings(): array
    {
        return ["sse.hub_socket=$this->socket", "sse.hub_log=$this->log"];
    }

    /**
     * Ends the hub, if one runs, and returns when it is gone.
     */
    public function stop(): void
    {
        foreach ([SIGTERM, SIGKILL] as $signal) {
            $pid = $this->pid();
            if ($pid === null) {
                return;
            }
            posix_kill($pid, $signal);
            waitUntil(fn(): bool => !$this->isHub($pid), self::PATIENCE_S);
        }
    }

    private function pid(): ?int
    {
        $pid = (int)@file_get_contents("$this->socket.pid");

        return $pid > 1 && $this->isHub($pid) ? $pid : null;
    }

    /**
     * A pid may have outlived its hub and be another process's by now; what has ended has no command line any more.
     */
    private function isHub(int $pid): bool
    {
        return str_contains((string)@file_get_contents("/proc/$pid/cmdline"), 'hub');
    }
}
