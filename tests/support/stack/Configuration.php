<?php
declare(strict_types=1);

namespace Sse\Support;

/**
 * The servers' configuration files, filled in from the templates beside this file, and how the servers are started
 * with them.
 *
 * Run by root, the servers' workers are the web user.
 */
final class Configuration
{
    public const WEB_USER = 'www-data';

    /** Where FPM listens, as PHP's stream functions write it. */
    public readonly string $fpm;
    public readonly string $url;
    /** The same pages by HTTP/2 in clear text, where that was asked for. */
    public readonly ?string $http2Url;
    /** @var array{web: int, http2: int, fpm: int} */
    private readonly array $ports;

    public function __construct(
        private readonly Options $options,
        private readonly string $dir,
        private readonly ?Application $app,
    ) {
        $this->ports = array_combine(['web', 'http2', 'fpm'], freePorts(3));
        $this->fpm = $options->listen === 'unix' ? "unix://$dir/fpm.sock" : "tcp://127.0.0.1:{$this->ports['fpm']}";
        $this->url = "http://127.0.0.1:{$this->ports['web']}";
        $this->http2Url = $options->http2 ? "http://127.0.0.1:{$this->ports['http2']}" : null;
    }

    /**
     * Whether the workers can read a file.
     */
    public static function isReadable(string $file): bool
    {
        $user = posix_getpwnam(self::WEB_USER);
        if (posix_geteuid() !== 0 || !$user) {
            return true;
        }
        $as = ["--reuid=$user[uid]", "--regid=$user[gid]", '--clear-groups'];
        $process = proc_open(['setpriv', ...$as, 'test', '-r', $file], [], $pipes);

        return $process !== false && proc_close($process) === 0;
    }

    /**
     * @return non-empty-list<string> what starts the web server
     */
    public function webServer(): array
    {
        $file = $this->write($this->options->server);

        return match ($this->options->server) {
            'nginx' => [program('nginx'), '-p', $this->dir, '-c', $file],
            'caddy' => ['env', "HOME=$this->dir", "XDG_CONFIG_HOME=$this->dir/caddy", "XDG_DATA_HOME=$this->dir/caddy",
                program('caddy'), 'run', '--adapter', 'caddyfile', '--config', $file],
            'apache' => [program('apache2'), '-D', 'FOREGROUND', '-f', $file],
        };
    }

    /**
     * @param list<string> $flags PHP's settings
     * @return non-empty-list<string> what starts FPM
     */
    public function fpm(array $flags): array
    {
        $command = [fpmProgram(), '--fpm-config', $this->write('fpm'), ...$flags];
        if ($this->options->bind === []) {
            return $command;
        }
        $mounts = array_map(function (string $bind): string {
            [$other, $file] = explode('=', $bind, 2);

            return 'mount --bind ' . escapeshellarg($other) . ' ' . escapeshellarg($file) . ' && ';
        }, $this->options->bind);

        return ['unshare', '--mount', 'sh', '-c', implode($mounts) . 'exec "$@"', 'sh', ...$command];
    }

    private function write(string $name): string
    {
        file_put_contents("$this->dir/$name.conf", $this->filled($name, $this->values($name)));

        return "$this->dir/$name.conf";
    }

    /**
     * A template with values in its places.
     *
     * @param array<string, string|int> $values
     */
    private function filled(string $name, array $values): string
    {
        $places = array_map(fn(string $key): string => '{' . $key . '}', array_keys($values));

        return str_replace($places, array_values($values), (string)file_get_contents(__DIR__ . "/$name.conf"));
    }

    /**
     * @return array<string, string|int>
     */
    private function values(string $name): array
    {
        $options = $this->options;
        $address = substr($this->fpm, strpos($this->fpm, '//') + 2);
        $isUnix = $options->listen === 'unix';
        // Apache names the FPM that has its options by this, and reaches it by what stands before "|".
        $apacheWorker = $isUnix ? 'fcgi://php' : "fcgi://$address";

        return [
            'dir' => $this->dir,
            'docroot' => "$this->dir/public",
            'port' => $this->ports['web'],
            'user' => $this->user($name),
            'address' => $address,
            'workers' => $options->workers,
            'pm' => $options->pm,
            'pool' => implode("\n", [...$this->spareWorkers(), ...$options->pool]),
            'connections' => $options->connections,
            'files' => $options->connections + 256,
            'http2' => $options->http2 ? "listen 127.0.0.1:{$this->ports['http2']} http2;" : '',
            'nginx' => '/etc/nginx',
            'nginx_php' => $isUnix ? "unix:$address" : $address,
            'upstream' => implode("\n        ", $options->upstream),
            'locations' => implode("\n        ", $this->locations()),
            'caddy_php' => $isUnix ? "unix/$address" : $address,
            'modules' => '/usr/lib/apache2/modules',
            'apache_php' => $isUnix ? "unix:$address|$apacheWorker" : $apacheWorker,
            'apache_worker' => $apacheWorker,
            'apache_parameters' => implode(' ', ['flushpackets=on', ...$this->options->apache]),
        ];
    }

    /**
     * Where nginx passes to PHP: each script of the pages by its name, and what an application takes besides.
     *
     * @return list<string>
     */
    private function locations(): array
    {
        $pages = $this->php('~ \.php$', '$document_root$fastcgi_script_name');
        if ($this->app === null) {
            return [$pages];
        }
        $index = $this->app->index();
        $others = str_replace(['{index}', '{params}'], [$index, $this->params()], $this->options->location);

        return [$pages, ...$others, 'location / { try_files $uri /index.php$is_args$args; }', $this->php('= /index.php', $index)];
    }

    private function php(string $match, string $script): string
    {
        return rtrim($this->filled('nginx-php', [
            'match' => $match,
            'nginx' => '/etc/nginx',
            'script' => $script,
            'params' => $this->params(),
            'directives' => implode("\n            ", $this->options->nginx),
        ]));
    }

    private function params(): string
    {
        $own = $this->app ? ["SSE_TMP {$this->app->tmp}"] : [];

        return implode(' ', array_map(fn(string $param): string => "fastcgi_param $param;", [...$own, ...$this->options->param]));
    }

    private function user(string $server): string
    {
        $user = self::WEB_USER;
        if (posix_geteuid() !== 0) {
            return '';
        }

        return match ($server) {
            'nginx' => "user $user;",
            'apache' => "User $user\nGroup $user",
            'fpm' => "user = $user\ngroup = $user\nlisten.owner = $user\nlisten.group = $user",
            'caddy' => '',
        };
    }

    /**
     * @return list<string>
     */
    private function spareWorkers(): array
    {
        if ($this->options->pm !== 'dynamic') {
            return [];
        }

        return ['pm.start_servers = 1', 'pm.min_spare_servers = 1', "pm.max_spare_servers = {$this->options->workers}"];
    }
}
