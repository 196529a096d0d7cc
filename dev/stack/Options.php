<?php
declare(strict_types=1);

namespace Sse\Dev;

use InvalidArgumentException;

/**
 * What a stack is started with, from the command line.
 */
final class Options
{
    private const USAGE = <<<'TEXT'
    usage: php dev/stack.php [option ...]
      --docroot DIR       the pages to serve; they are copied (default: demo/public)
      --extension FILE    the extension to load (default: target/release/libsse.so)
      --workers N         FPM workers, at most (default: 4)
      --pm MODE           static, dynamic or ondemand (default: static)
      --ini NAME=VALUE    one more -d for PHP, as sse.heartbeat=1; may be repeated
      --nginx 'TEXT;'     one more directive where nginx passes to PHP; may be repeated
      --upstream 'TEXT;'  one more directive for the upstream of PHP, as 'keepalive 8;'; may be repeated
      --keep              leave the directory, with its logs, when stopping
    TEXT;

    /**
     * @param list<string> $ini
     * @param list<string> $nginx
     * @param list<string> $upstream
     */
    public function __construct(
        public readonly string $docroot,
        public readonly string $extension,
        public readonly int $workers = 4,
        public readonly string $pm = 'static',
        public readonly array $ini = [],
        public readonly array $nginx = [],
        public readonly array $upstream = [],
        public readonly bool $keep = false,
    ) {
        if (!is_dir($docroot)) {
            throw new InvalidArgumentException("--docroot is not a directory: $docroot");
        }
        if (!is_file($extension)) {
            throw new InvalidArgumentException("There is no extension at $extension; build it with: make build");
        }
        if ($workers < 1) {
            throw new InvalidArgumentException("--workers must be at least 1, not $workers");
        }
        if (!in_array($pm, ['static', 'dynamic', 'ondemand'], true)) {
            throw new InvalidArgumentException("--pm must be static, dynamic or ondemand, not $pm");
        }
    }

    /**
     * @param list<string> $arguments what follows the script's name
     * @throws \InvalidArgumentException with the usage, when they cannot be read
     */
    public static function fromArguments(array $arguments): self
    {
        $root = dirname(__DIR__, 2);
        $values = ['docroot' => "$root/demo/public", 'extension' => "$root/target/release/libsse.so"];
        while (($argument = array_shift($arguments)) !== null) {
            [$option, $value] = explode('=', $argument, 2) + [1 => null];
            $name = substr($option, 2);
            if ($argument === '--keep') {
                $values['keep'] = true;
                continue;
            }
            $value ??= array_shift($arguments);
            $values[$name] = match (true) {
                !property_exists(self::class, $name) => throw new InvalidArgumentException("unknown option $argument\n" . self::USAGE),
                $value === null => throw new InvalidArgumentException("$argument needs a value\n" . self::USAGE),
                $name === 'workers' => (int)$value,
                in_array($name, ['ini', 'nginx', 'upstream'], true) => [...$values[$name] ?? [], $value],
                default => $value,
            };
        }

        return new self(...$values);
    }
}
