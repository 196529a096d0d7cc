<?php
declare(strict_types=1);

namespace Sse\Support;

use InvalidArgumentException;

/**
 * What a stack is started with, from the command line.
 */
final class Options
{
    private const CHOICES = [
        'pm' => ['static', 'dynamic', 'ondemand'],
        'listen' => ['unix', 'tcp'],
        'server' => ['nginx', 'caddy', 'apache'],
    ];
    private const SWITCHES = ['keep', 'http2'];
    private const NUMBERS = ['workers', 'connections'];
    private const LISTS = ['pool', 'ini', 'nginx', 'param', 'location', 'upstream', 'apache', 'bind'];

    private const USAGE = <<<'TEXT'
    usage: php tests/support/stack.php [option ...]
      --docroot DIR       the pages to serve; they are copied (default: demo/public)
      --app DIR           an application instead, a package with vendor/; it is copied where the web user can't read it
      --webroot DIR       where its index.php is, in the package (default: webroot)
      --extension FILE    the extension to load (default: target/release/libsse.so), or php/bootstrap.php for plain PHP
      --workers N         FPM workers, at most (default: 4)
      --pm MODE           static, dynamic or ondemand (default: static)
      --pool 'TEXT'       one more directive for FPM's pool, as 'pm.max_requests = 1'; may be repeated
      --listen KIND       where FPM listens: unix or tcp (default: unix)
      --server NAME       nginx, caddy or apache (default: nginx)
      --http2             nginx also speaks HTTP/2, in clear text, on a port of its own
      --connections N     how many connections each nginx process may have; a stream takes two (default: 4096)
      --ini NAME=VALUE    one more -d for PHP, as sse.heartbeat=1; may be repeated
      --nginx 'TEXT;'     one more directive where nginx passes to PHP; may be repeated
      --param 'NAME TEXT' what nginx passes to PHP besides; may be repeated
      --location 'TEXT'   one more location for nginx beside an application's; may be repeated. "fastcgi_pass php;"
                          reaches PHP in it, {index} is the path of index.php, {params} stands for each --param
      --upstream 'TEXT;'  one more directive for the upstream of PHP, as 'keepalive 8;'; may be repeated
      --apache NAME=VALUE one more parameter for Apache's worker of PHP, as enablereuse=on; may be repeated
      --bind OTHER=FILE   FPM and what it starts find another file in a file's place (root only); may be repeated
      --keep              leave the directory, with its logs, when stopping
    TEXT;

    /**
     * @param list<string> $pool
     * @param list<string> $ini
     * @param list<string> $nginx
     * @param list<string> $param
     * @param list<string> $location
     * @param list<string> $upstream
     * @param list<string> $apache
     * @param list<string> $bind
     */
    public function __construct(
        public readonly string $docroot,
        public readonly string $extension,
        public readonly int $workers = 4,
        public readonly string $pm = 'static',
        public readonly array $pool = [],
        public readonly string $listen = 'unix',
        public readonly string $server = 'nginx',
        public readonly bool $http2 = false,
        public readonly int $connections = 4096,
        public readonly array $ini = [],
        public readonly array $nginx = [],
        public readonly array $param = [],
        public readonly array $location = [],
        public readonly array $upstream = [],
        public readonly array $apache = [],
        public readonly array $bind = [],
        public readonly bool $keep = false,
        public readonly ?string $app = null,
        public readonly string $webroot = 'webroot',
    ) {
        if ($app !== null && !is_file("$app/vendor/autoload.php")) {
            throw new InvalidArgumentException("--app has no vendor/autoload.php: $app; install its packages with: composer install");
        }
        if (!is_dir($docroot)) {
            throw new InvalidArgumentException("--docroot is not a directory: $docroot");
        }
        if (!is_file($extension)) {
            throw new InvalidArgumentException("There is no extension at $extension; build it with: make build");
        }
        foreach (['workers' => $workers, 'connections' => $connections] as $name => $number) {
            if ($number < 1) {
                throw new InvalidArgumentException("--$name must be at least 1, not $number");
            }
        }
        foreach (self::CHOICES as $name => $choices) {
            if (!in_array($this->$name, $choices, true)) {
                throw new InvalidArgumentException("--$name must be " . implode(' or ', $choices) . ", not {$this->$name}");
            }
        }
        if ($server !== 'nginx' && ($http2 || $nginx || $param || $location || $upstream || $app !== null)) {
            throw new InvalidArgumentException('--http2, --nginx, --param, --location, --upstream and --app are for nginx');
        }
        if ($app === null && $location) {
            throw new InvalidArgumentException('--location is for --app');
        }
        if ($server !== 'apache' && $apache) {
            throw new InvalidArgumentException('--apache is for Apache');
        }
    }

    /**
     * Whether plain PHP stands in for the extension.
     */
    public function isPlain(): bool
    {
        return str_ends_with($this->extension, '.php');
    }

    /**
     * @param list<string> $arguments what follows the script's name
     * @throws \InvalidArgumentException with the usage, when they cannot be read
     */
    public static function fromArguments(array $arguments): self
    {
        $root = dirname(__DIR__, 3);
        $values = ['docroot' => "$root/demo/public", 'extension' => "$root/target/release/libsse.so"];
        while (($argument = array_shift($arguments)) !== null) {
            [$option, $value] = explode('=', $argument, 2) + [1 => null];
            $name = substr($option, 2);
            if (in_array($name, self::SWITCHES, true) && $value === null) {
                $values[$name] = true;
                continue;
            }
            $value ??= array_shift($arguments);
            $values[$name] = match (true) {
                !property_exists(self::class, $name) => throw new InvalidArgumentException("unknown option $argument\n" . self::USAGE),
                $value === null => throw new InvalidArgumentException("$argument needs a value\n" . self::USAGE),
                in_array($name, self::NUMBERS, true) => (int)$value,
                in_array($name, self::LISTS, true) => [...$values[$name] ?? [], $value],
                default => $value,
            };
        }

        if (isset($values['app'])) {
            $values['docroot'] = $values['app'] . '/' . ($values['webroot'] ?? 'webroot');
        }

        return new self(...$values);
    }
}
