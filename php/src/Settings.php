<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The settings: `Sse\configure()`, else the environment's `SSE_<NAME>`, else `sse.<name>` in php.ini, else the default.
 */
final class Settings
{
    public const HEARTBEATS = [1.0, 3_600.0];
    public const LIFETIMES = [0.0, 604_800.0];
    public const POLLS = [0.05, 3_600.0];
    public const RETRIES = [0, 3_600_000];

    /** By their names without `sse.`. */
    private const DEFAULTS = [
        'dsn' => '',
        'dir' => '/var/lib/php-sse',
        'signal' => 'auto',
        'retention_seconds' => '86400',
        'retention_events' => '1000',
        'retention_bytes' => '8M',
        'max_payload' => '1M',
        'heartbeat' => '25',
        'retry' => '1000-4000',
        'lifetime' => '3600',
        'fsync' => '0',
        'worker_streams' => '0',
        'hub' => 'auto',
        'hub_socket' => '',
        'hub_log' => '',
        'max_streams' => '0',
        'drain' => '300',
        'recall_concurrency' => '2',
        'recall_interval' => '15',
    ];

    /**
     * What `Sse\configure()` has set.
     *
     * @var array<string, string>
     */
    private static array $configured = [];

    /**
     * Sets settings: all of them, or none if one can't be used.
     *
     * @param array<mixed> $settings
     * @throws \Sse\Polyfill\Failure
     */
    public static function configure(array $settings): void
    {
        $checked = [];
        foreach ($settings as $name => $value) {
            $name = self::known((string)preg_replace('/^(sse\.)*/', '', (string)$name));
            $text = match (true) {
                is_bool($value) => $value ? '1' : '0',
                default => Options::text($value)
                    ?? throw Options::unusable("sse.$name", $value, 'a string, a number, true or false'),
            };
            if (!Printable::isUtf8($text)) {
                throw Options::unusable("sse.$name", $value, 'UTF-8');
            }
            self::read($name, $text);
            if ($text !== self::text($name)) {
                self::keepInside($name, $text);
            }
            $checked[$name] = $text;
        }
        self::$configured = $checked + self::$configured;
    }

    /**
     * A setting as it stands.
     */
    public static function text(string $name): string
    {
        return self::$configured[$name] ?? self::fromOutside($name) ?? self::DEFAULTS[$name];
    }

    /**
     * A setting that is a duration in seconds.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function seconds(string $name): float
    {
        return (float)self::value($name);
    }

    /**
     * A setting that is a number.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function number(string $name): int
    {
        return (int)self::value($name);
    }

    /**
     * Milliseconds from which a client's pause is drawn.
     *
     * @return array{int, int}
     * @throws \Sse\Polyfill\Failure
     */
    public static function retry(): array
    {
        self::value('retry');

        return Values::retry(self::text('retry'), self::RETRIES);
    }

    /**
     * Checks a setting that changes nothing here: how streams are woken, whether they go to the hub.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function check(string $name): void
    {
        self::value($name);
    }

    /**
     * The directory of the store that is set.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function directory(): string
    {
        $name = self::text('dsn') === '' ? 'dir' : 'dsn';
        $directory = (string)self::value($name);
        self::keepInside($name, self::text($name));

        return $directory;
    }

    /**
     * How a store keeps events.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function store(): StoreSettings
    {
        $sync = (bool)self::value('fsync');
        if ($sync && !function_exists('fdatasync')) {
            throw Failure::argument(
                'sse.fsync is on, and this PHP has no fdatasync(); have it taken out of disable_functions, or set it to 0',
            );
        }

        return new StoreSettings(
            new Retention(
                (int)(self::seconds('retention_seconds') * 1_000),
                self::number('retention_events'),
                self::number('retention_bytes'),
            ),
            self::number('max_payload'),
            $sync,
        );
    }

    /**
     * The first setting that is wrong, if one is: streams that need it throw this. Those that say where the store is are
     * not looked at, as one of them may be set in vain.
     */
    public static function problem(): ?string
    {
        foreach (array_keys(self::DEFAULTS) as $name) {
            try {
                in_array($name, ['dsn', 'dir'], true) || self::value($name);
            } catch (Failure $failure) {
                return $failure->text;
            }
        }

        return null;
    }

    private static function value(string $name): mixed
    {
        return self::read($name, self::text($name));
    }

    /**
     * Reads a value.
     */
    private static function read(string $name, string $text): mixed
    {
        try {
            return match ($name) {
                'dsn' => $text === '' ? null : Values::dsn($text),
                'dir' => Values::directory($text),
                'signal' => Values::signal($text),
                'retention_seconds' => Values::seconds($text, [1.0, 315_360_000.0]),
                'retention_events' => Values::whole($text, [1, 10_000_000]),
                'retention_bytes' => Values::bytes($text, [1_024, 1 << 36]),
                'max_payload' => Values::bytes($text, [1_024, Format::MAX_JSON]),
                'heartbeat' => Values::seconds($text, self::HEARTBEATS),
                'retry' => Values::retry($text, self::RETRIES),
                'lifetime' => Values::seconds($text, self::LIFETIMES),
                'fsync' => Values::switch($text),
                'worker_streams' => Values::whole($text, [0, 65_536]),
                'hub' => Values::auto($text),
                'hub_socket', 'hub_log' => Values::optionalPath($text),
                'max_streams' => Values::whole($text, [0, 10_000_000]),
                'recall_concurrency' => Values::whole($text, [1, 64]),
                'recall_interval' => Values::seconds($text, [0.05, 3_600.0]),
                default => Values::seconds($text, [0.0, 86_400.0]),
            };
        } catch (Expected $expected) {
            throw Failure::argument(sprintf(
                'sse.%s is "%s"; it takes %s',
                $name,
                Printable::of($name === 'dsn' ? Values::shownDsn($text) : $text),
                $expected->getMessage(),
            ));
        }
    }

    private static function known(string $name): string
    {
        return isset(self::DEFAULTS[$name])
            ? $name
            : throw Options::unknown('setting', $name, array_keys(self::DEFAULTS));
    }

    private static function fromOutside(string $name): ?string
    {
        // Apache names it anew where it runs PHP by an Action, as hosts do with CGI.
        foreach (['SSE_' . strtoupper($name), 'REDIRECT_SSE_' . strtoupper($name)] as $variable) {
            foreach ([getenv($variable), $_ENV[$variable] ?? null, $_SERVER[$variable] ?? null] as $text) {
                if (is_string($text) && $text !== '') {
                    return $text;
                }
            }
        }
        $text = function_exists('get_cfg_var') ? get_cfg_var("sse.$name") : false;

        return is_string($text) ? $text : null;
    }

    /**
     * Refuses a path that `open_basedir` keeps from PHP code, whoever has set it: this is PHP code.
     */
    private static function keepInside(string $name, string $text): void
    {
        $path = match ($name) {
            'dsn' => str_starts_with($text, 'file://') ? substr($text, strlen('file://')) : '',
            'dir', 'hub_socket', 'hub_log' => $text,
            default => '',
        };
        self::keepPathInside("sse.$name", $path);
    }

    /**
     * The same, for a path.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function keepPathInside(string $subject, string $path): void
    {
        if ($path !== '' && System::isKeptAway($path)) {
            throw Failure::argument(sprintf(
                '%s leads to %s, which open_basedir keeps from PHP code: it allows %s; choose a path in there, '
                . 'or install the extension sse, which may use what the server\'s configuration names',
                $subject,
                $path,
                (string)ini_get('open_basedir'),
            ));
        }
    }
}
