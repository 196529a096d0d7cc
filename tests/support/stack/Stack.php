<?php
declare(strict_types=1);

namespace Sse\Support;

use RuntimeException;

/**
 * A PHP-FPM and a web server of our own, on the loopback, in a temporary directory of their own.
 *
 * Run by root, their workers are the web user and the store is shared with it by group, as an installation does it.
 */
final class Stack
{
    private const READY_WITHIN_S = 15.0;

    public readonly string $dir;
    public readonly string $store;
    public readonly string $url;
    /** The hub's place; null for an extension without one. */
    public readonly ?Hub $hub;
    /** The application, where pages are one's. */
    public readonly ?Application $app;
    private readonly Configuration $configuration;
    /** The extension; plain PHP, or a copy of it where the web user can't read it. */
    private readonly string $extension;
    private ?Child $fpm = null;
    private ?Child $webServer = null;

    public function __construct(private readonly Options $options)
    {
        // /tmp for root, since the web user must be able to enter it.
        $this->dir = ($this->isRoot() ? '/tmp' : sys_get_temp_dir()) . '/sse-' . bin2hex(random_bytes(4));
        $this->store = "$this->dir/store";
        $this->hub = !$options->isPlain() && Hub::isKnownTo($options->extension) ? new Hub("$this->dir/hub") : null;
        $isThere = !$options->isPlain() || Configuration::isReadable($options->extension);
        $this->extension = $isThere ? $options->extension : "$this->dir/php/" . basename($options->extension);
        $this->app = $options->app === null ? null : new Application($options->app, $options->webroot, $this->dir);
        $this->configuration = new Configuration($options, $this->dir, $this->app);
        $this->url = $this->configuration->url;
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
        if ($this->extension !== $this->options->extension) {
            copyTree(dirname($this->options->extension), "$this->dir/php", ['bench', 'tests', 'vendor']);
        }
        mkdir($this->store);
        if ($this->isRoot()) {
            chgrp($this->store, Configuration::WEB_USER);
        }
        chmod($this->store, 02770);
        $this->hub?->makeDirectory();
        $this->app?->install();

        $this->startFpm();
        $this->startWebServer();
        $this->awaitAnswer();
    }

    public function startFpm(): int
    {
        $fpm = new Child($this->configuration->fpm($this->settings($this->options->ini)), "$this->dir/fpm.out");
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

    /**
     * Makes FPM read its configuration anew, with new workers, and returns when they accept.
     */
    public function reloadFpm(): int
    {
        $fpm = $this->fpm ?? throw new RuntimeException('FPM is not running');
        $starts = $this->fpmStarts();
        posix_kill($fpm->pid, SIGUSR2);
        waitUntil(fn() => $this->fpmStarts() > $starts || !$fpm->isRunning(), self::READY_WITHIN_S);
        $this->assertRunning();

        return $fpm->pid;
    }

    public function startWebServer(): int
    {
        $this->webServer = new Child($this->configuration->webServer(), "$this->dir/{$this->options->server}.out");

        return $this->webServer->pid;
    }

    /**
     * @return bool whether it ended by itself
     */
    public function stopWebServer(): bool
    {
        $ended = $this->webServer?->stop() ?? true;
        $this->webServer = null;

        return $ended;
    }

    public function stop(): void
    {
        $this->webServer?->stop();
        $this->fpm?->stop();
        $this->hub?->stop();
        if (is_dir($this->dir) && !$this->options->keep) {
            removeTree($this->dir);
        }
    }

    /**
     * @throws \RuntimeException with its log, when one of the servers ended
     */
    public function assertRunning(): void
    {
        foreach (['fpm' => $this->fpm, $this->options->server => $this->webServer] as $name => $child) {
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
            'http2' => $this->configuration->http2Url,
            'dir' => $this->dir,
            'store' => $this->store,
            'app' => $this->app?->directory,
            'tmp' => $this->app?->tmp,
            'address' => $this->configuration->fpm,
            'hub' => $this->hub ? ['socket' => $this->hub->socket, 'log' => $this->hub->log] : null,
            'php' => PHP_BINARY,
            'flags' => $this->flags(),
            'pids' => ['stack' => getmypid(), 'fpm' => $this->fpm?->pid, 'web' => $this->webServer?->pid],
        ];
    }

    /**
     * @param array<string> $ini
     * @return list<string>
     */
    private function settings(array $ini): array
    {
        $flags = [];
        // Plain PHP is a file that each script begins with.
        $load = $this->options->isPlain() ? 'auto_prepend_file' : 'extension';
        $own = ["$load=$this->extension", "sse.dir=$this->store", ...$this->hub?->settings() ?? []];
        foreach ([...$own, ...$ini] as $setting) {
            array_push($flags, '-d', $setting);
        }

        return $flags;
    }

    private function fpmAccepts(): bool
    {
        $connection = @stream_socket_client($this->configuration->fpm);

        return $connection !== false && fclose($connection);
    }

    /**
     * How often FPM has started or reloaded, as it logged it.
     */
    private function fpmStarts(): int
    {
        return substr_count((string)@file_get_contents("$this->dir/fpm.log"), 'ready to handle connections');
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
