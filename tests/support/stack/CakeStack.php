<?php
declare(strict_types=1);

namespace Sse\Dev;

use InvalidArgumentException;

/**
 * A stack for a CakePHP application, with a directory for its TMP.
 */
final class CakeStack
{
    private const WEB_USER = 'www-data';

    /** The application as the web user reads it: where it is, or a copy. */
    public readonly string $app;
    public readonly string $tmp;
    public readonly Stack $stack;
    private readonly string $dir;

    /**
     * @param string $app a Composer package with its vendor/
     * @param string $webroot where its index.php is, in the package
     * @param list<string> $params what nginx passes to PHP besides
     * @param list<string> $locations more locations for nginx
     * @param list<string> $arguments those of tests/support/stack.php
     * @throws \InvalidArgumentException when they cannot be used
     */
    public function __construct(string $app, string $webroot, array $params, array $locations, array $arguments)
    {
        if (!is_file("$app/vendor/autoload.php")) {
            throw new InvalidArgumentException("\"$app\" has no vendor/autoload.php; install its packages with: composer install");
        }
        $this->dir = (posix_geteuid() === 0 ? '/tmp' : sys_get_temp_dir()) . '/sse-cakephp-' . bin2hex(random_bytes(4));
        $this->tmp = "$this->dir/tmp";
        $source = (string)realpath($app);
        $this->app = $this->isReadable("$source/vendor/autoload.php") ? $source : "$this->dir/app";
        $nginx = $this->locations("$this->app/$webroot", ["SSE_TMP $this->tmp", ...$params], $locations);
        $this->stack = new Stack(Options::fromArguments(['--docroot', "$source/$webroot", ...$arguments, '--nginx', $nginx]));
        $this->makeDirectory($source);
    }

    /**
     * Stops the servers and removes what was made.
     */
    public function stop(): void
    {
        $this->stack->stop();
        if (is_dir($this->dir)) {
            removeTree($this->dir);
        }
    }

    /**
     * @return array<string, mixed>
     */
    public function describe(): array
    {
        return ['app' => $this->app, 'tmp' => $this->tmp] + $this->stack->describe();
    }

    private function makeDirectory(string $source): void
    {
        mkdir($this->dir);
        chmod($this->dir, 0755);
        if ($this->app !== $source) {
            $this->copy($source, $this->app);
        }
        mkdir($this->tmp);
        if (posix_geteuid() === 0) {
            // As an installation does it: web server and command line share it by the web user's group.
            chgrp($this->tmp, self::WEB_USER);
        }
        chmod($this->tmp, 02770);
    }

    /**
     * The locations of CakePHP's usual nginx block. tests/support/stack.php takes directives for inside its location only: this
     * ends that one, and leaves the last of ours open for its closing brace.
     *
     * @param list<string> $params
     * @param list<string> $locations
     */
    private function locations(string $webroot, array $params, array $locations): string
    {
        $params = implode("\n", array_map(fn(string $param): string => "fastcgi_param $param;", $params));
        $locations = str_replace(['{index}', '{params}'], ["$webroot/index.php", $params], implode("\n", $locations));

        return <<<CONF
        }
        $locations
        location / {
            root $webroot;
            try_files \$uri /index.php\$is_args\$args;
        }
        location = /index.php {
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME $webroot/index.php;
            $params
            fastcgi_pass php;
            error_page 502 503 504 = @php_away;
        CONF;
    }

    private function isReadable(string $file): bool
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
     * Copies a package, without the history of packages that came by git.
     */
    private function copy(string $from, string $to): void
    {
        mkdir($to);
        chmod($to, 0755);
        foreach (array_diff(scandir($from) ?: [], ['.', '..', '.git', 'node_modules']) as $name) {
            if (is_dir("$from/$name")) {
                $this->copy("$from/$name", "$to/$name");
            } else {
                copy("$from/$name", "$to/$name");
                chmod("$to/$name", 0644);
            }
        }
    }
}
