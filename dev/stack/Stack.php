<?php
declare(strict_types=1);

namespace Sse\Dev;

use RuntimeException;

/**
 * A PHP-FPM and an nginx of our own, on the loopback, in a temporary directory of their own.
 *
 * Run by root, their workers are the web user and the store is shared with it by group, as an installation does it.
 */
final class Stack
{
    private const READY_WITHIN_S = 15.0;
    private const WEB_USER = 'www-data';

    public readonly string $dir;
    public readonly string $store;
    public readonly string $socket;
    public readonly string $url;
    private readonly int $port;
    private ?Child $fpm = null;
    private ?Child $nginx = null;

    public function __construct(private readonly Options $options)
    {
        // /tmp for root, since the web user must be able to enter it.
        $this->dir = ($this->isRoot() ? '/tmp' : sys_get_temp_dir()) . '/sse-' . bin2hex(random_bytes(4));
        $this->store = "$this->dir/store";
        $this->socket = "$this->dir/fpm.sock";
        $this->port = freePort();
        $this->url = "http://127.0.0.1:$this->port";
    }

    /**
     * Returns when a PHP page really answers.
     *
     * @throws \RuntimeException with what the servers logged, when they do not start
     */
    public function start(): void
    {
        mkdir($this->dir);
        chmod($this->dir, 0755);
        copyTree($this->options->docroot, "$this->dir/public");
        mkdir($this->store);
        if ($this->isRoot()) {
            chgrp($this->store, self::WEB_USER);
        }
        chmod($this->store, 02770);

        $this->startFpm();
        $config = $this->writeConfig('nginx');
        $this->nginx = new Child([program('nginx'), '-p', $this->dir, '-c', $config], "$this->dir/nginx.out");
        $this->awaitAnswer();
    }

    public function startFpm(): int
    {
        $command = [fpmProgram(), '--fpm-config', $this->writeConfig('fpm'), ...$this->settings($this->options->ini)];
        $fpm = new Child($command, "$this->dir/fpm.out");
        $this->fpm = $fpm;
        waitUntil(fn() => $this->fpmAccepts() || !$fpm->isRunning(), self::READY_WITHIN_S);
        $this->assertRunning();

        return $fpm->pid;
    }

    /**
     * @return bool whether it ended by itself
     */
    public function stopFpm(int $signal): bool
    {
        $ended = $this->fpm?->stop($signal) ?? true;
        $this->fpm = null;

        return $ended;
    }

    public function stop(): void
    {
        $this->nginx?->stop();
        $this->fpm?->stop();
        if (is_dir($this->dir) && !$this->options->keep) {
            removeTree($this->dir);
        }
    }

    /**
     * @throws \RuntimeException with its log, when one of the servers ended
     */
    public function assertRunning(): void
    {
        foreach (['fpm' => $this->fpm, 'nginx' => $this->nginx] as $name => $child) {
            if ($child && !$child->isRunning()) {
                $logs = @file_get_contents("$this->dir/$name.log") . file_get_contents($child->log);
                throw new RuntimeException("$name ended:\n" . substr($logs, -4000));
            }
        }
    }

    /**
     * What makes another PHP use the same extension and the same store.
     *
     * @return list<string>
     */
    public function flags(): array
    {
        return $this->settings(array_filter($this->options->ini, fn(string $ini): bool => str_starts_with($ini, 'sse.')));
    }

    /**
     * @return array<string, mixed>
     */
    public function describe(): array
    {
        return [
            'url' => $this->url,
            'dir' => $this->dir,
            'store' => $this->store,
            'socket' => $this->socket,
            'php' => PHP_BINARY,
            'flags' => $this->flags(),
            'pids' => ['stack' => getmypid(), 'fpm' => $this->fpm?->pid, 'nginx' => $this->nginx?->pid],
        ];
    }

    /**
     * @param array<string> $ini
     * @return list<string>
     */
    private function settings(array $ini): array
    {
        $flags = [];
        foreach (["extension={$this->options->extension}", "sse.dir=$this->store", ...$ini] as $setting) {
            array_push($flags, '-d', $setting);
        }

        return $flags;
    }

    private function writeConfig(string $name): string
    {
        $user = self::WEB_USER;
        $values = [
            'dir' => $this->dir,
            'docroot' => "$this->dir/public",
            'socket' => $this->socket,
            'port' => $this->port,
            'nginx' => '/etc/nginx',
            'user' => '',
            'workers' => $this->options->workers,
            'pm' => $this->options->pm,
            'pm_extra' => '',
            'upstream' => implode("\n        ", $this->options->upstream),
            'location' => implode("\n            ", $this->options->nginx),
        ];
        if ($this->options->pm === 'dynamic') {
            $values['pm_extra'] = "pm.start_servers = 1\npm.min_spare_servers = 1\npm.max_spare_servers = {$values['workers']}";
        }
        if ($this->isRoot()) {
            $values['user'] = $name === 'nginx'
                ? "user $user;"
                : "user = $user\ngroup = $user\nlisten.owner = $user\nlisten.group = $user";
        }
        $template = (string)file_get_contents(__DIR__ . "/$name.conf");
        $placeholders = array_map(fn(string $key): string => '{' . $key . '}', array_keys($values));
        file_put_contents("$this->dir/$name.conf", str_replace($placeholders, array_values($values), $template));

        return "$this->dir/$name.conf";
    }

    private function fpmAccepts(): bool
    {
        $connection = @stream_socket_client("unix://$this->socket");

        return $connection !== false && fclose($connection);
    }

    private function awaitAnswer(): void
    {
        $probe = "$this->dir/public/stack-probe.php";
        file_put_contents($probe, '<?php echo function_exists("Sse\push") ? "ready" : "PHP-FPM did not load the extension";');
        $context = stream_context_create(['http' => ['ignore_errors' => true, 'timeout' => 2]]);
        $answer = '';
        waitUntil(function () use ($context, &$answer): bool {
            $this->assertRunning();
            $answer = (string)@file_get_contents("$this->url/stack-probe.php", false, $context);

            return $answer === 'ready';
        }, self::READY_WITHIN_S);
        unlink($probe);
        if ($answer !== 'ready') {
            throw new RuntimeException("$this->url does not answer as it should: $answer\n" . @file_get_contents("$this->dir/fpm.out"));
        }
    }

    private function isRoot(): bool
    {
        return posix_geteuid() === 0;
    }
}
