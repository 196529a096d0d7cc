<?php
declare(strict_types=1);

namespace Sse\Service;

use Cake\Core\Configure;
use Cake\Core\Exception\CakeException;
use Cake\Log\Log;
use Closure;
use Generator;
use SensitiveParameter;
use Sse\InvalidArgumentException;
use Sse\StoreException;
use function Sse\cursor;
use function Sse\push;
use function Sse\read;
use function Sse\status;
use function Sse\stream;

/**
 * Where the events of this application are kept, and the only place that calls the extension.
 *
 * @internal
 */
class Store
{
    /**
     * Not a data source: with it the extension looks at the other options and goes no further.
     */
    private const NOWHERE = 'nowhere, to check the options';

    private const EVENTS_PER_READ = 1000;

    /**
     * So long another process is waited for that has a key's lock, in seconds. Telling of a row takes milliseconds.
     */
    protected const LOCK_PATIENCE = 5.0;

    /**
     * The longest pause between two attempts to get a lock, in microseconds.
     */
    private const LOCK_PAUSE = 5_000;

    /**
     * Whom PHP on the web usually runs as.
     */
    private const WEB_USERS = ['www-data', 'apache', 'nginx', 'http'];

    private static ?self $instance = null;

    /**
     * @return self
     */
    public static function instance(): self
    {
        return self::$instance ??= new self();
    }

    /**
     * Puts another one in its place, for tests; null brings the real one back.
     *
     * @param self|null $store The other one.
     * @return void
     */
    public static function replace(?self $store): void
    {
        self::$instance = $store;
    }

    /**
     * A key for a line of a log.
     *
     * @param string $key The key.
     * @return string
     */
    public static function quoted(string $key): string
    {
        return '"' . addcslashes($key, "\0..\37\177\"\\") . '"';
    }

    /**
     * Whether other processes use it as well.
     *
     * @return bool
     */
    public function isShared(): bool
    {
        return true;
    }

    /**
     * Appends an event and wakes its listeners.
     *
     * @param string $key The key.
     * @param mixed $data The payload, or a reference to it.
     * @param bool $external Whether $data is a reference.
     * @return string the event's id
     * @throws \Sse\InvalidArgumentException for a key or payload that can't be used
     * @throws \Sse\StoreException when the event can't be kept
     */
    public function push(string $key, mixed $data, bool $external = false): string
    {
        $dsn = $this->dsn();

        return push($key, $data, null, ['dsn' => $dsn, 'external' => $external]);
    }

    /**
     * The events of a key after an id, oldest first. Where some are gone, the next one says so in `gap`.
     *
     * @param string $key The key.
     * @param string|null $after An event's id; null begins with the oldest one kept.
     * @param int $limit At most so many.
     * @return \Generator<int, array{id: string, time: float, data: mixed, external: bool, gap: bool}>
     * @throws \Sse\InvalidArgumentException for text that is no id
     * @throws \Sse\StoreException when the store can't be read
     */
    public function events(string $key, ?string $after = null, int $limit = PHP_INT_MAX): Generator
    {
        $options = ['dsn' => $this->dsn()];
        $gap = false;
        do {
            $count = 0;
            foreach (read($key, $after, min($limit, self::EVENTS_PER_READ), $options) as $entry) {
                $after = $entry['id'];
                if ($this->isGap($entry)) {
                    $gap = true;
                    continue;
                }
                $count++;
                yield [
                    'id' => $entry['id'],
                    'time' => $entry['time'],
                    'data' => $entry['data'],
                    'external' => $entry['external'],
                    'gap' => $gap,
                ];
                $gap = false;
            }
            $limit -= $count;
        } while ($count === self::EVENTS_PER_READ && $limit > 0);
    }

    /**
     * The newest event of a key.
     *
     * @param string $key The key.
     * @return array{id: string, time: float, data: mixed, external: bool, gap: bool}|null
     * @throws \Sse\StoreException when the store can't be read
     */
    public function newest(string $key): ?array
    {
        $newest = null;
        foreach ($this->events($key) as $event) {
            $newest = $event;
        }

        return $newest;
    }

    /**
     * The position behind all that some keys have now, as clients send it back.
     *
     * @param list<string>|string $keys The keys.
     * @return string
     * @throws \Sse\InvalidArgumentException for a key that can't be used
     * @throws \Sse\StoreException when the store can't be used
     */
    public function cursor(array|string $keys): string
    {
        $dsn = $this->dsn();

        return cursor($keys, ['dsn' => $dsn]);
    }

    /**
     * What `Sse\status()` says of it.
     *
     * @return array<string, mixed>
     */
    public function status(): array
    {
        $dsn = $this->dsn();

        return status(['dsn' => $dsn]);
    }

    /**
     * Says what would keep a stream from beginning, while an exception still reaches a page.
     *
     * @param string $key The key.
     * @param array<string, mixed> $options Options of Sse\stream().
     * @return void
     * @throws \Sse\InvalidArgumentException for a key or options that can't be used
     * @throws \Sse\StoreException when the store can't be used
     */
    public function verify(
        string $key,
        #[SensitiveParameter]
        array $options,
    ): void {
        $dsn = $options['dsn'] ?? $this->dsn();
        try {
            // The data source is what the extension looks at last.
            stream($key, ['dsn' => self::NOWHERE] + $options);
        } catch (InvalidArgumentException $exception) {
            if (!str_contains($exception->getMessage(), self::NOWHERE)) {
                throw $exception;
            }
        }
        cursor($key, ['dsn' => $dsn]);
    }

    /**
     * Writes the stream of a key to the client until one of them ends.
     *
     * @param string $key The key.
     * @param array<string, mixed> $options Options of Sse\stream().
     * @return string what is left for the response's body: nothing
     * @throws \Sse\Exception when it can't begin
     */
    public function stream(
        string $key,
        #[SensitiveParameter]
        array $options,
    ): string {
        $dsn = $options['dsn'] ?? $this->dsn();
        stream($key, ['dsn' => $dsn] + $options);

        return '';
    }

    /**
     * Runs an action that no other process runs for this key at the same time.
     *
     * @param string $key The key.
     * @param \Closure(): bool $action The action.
     * @param bool $wait Whether to wait for another process; else false is answered.
     * @return bool what the action answered
     * @throws \Sse\StoreException when the lock can't be had
     */
    public function locked(string $key, Closure $action, bool $wait): bool
    {
        $path = sprintf('%srelay-%s.lock', $this->lockPrefix(), substr(hash('sha256', $key), 0, 2));
        // phpcs:ignore Generic.PHP.NoSilencedErrors -- it is made then, or the exception says it
        $file = @fopen($path, 'r+') ?: $this->make($path);
        try {
            return $this->lock($path, $file, $wait) && $action();
        } finally {
            fclose($file);
        }
    }

    /**
     * The data source name: that of the configuration, else the application's own directory.
     *
     * @return string
     */
    protected function dsn(): string
    {
        $this->requireExtension();
        if (RedisDsn::isWanted()) {
            return RedisDsn::configured();
        }
        $dsn = Configure::read('Sse.dsn');
        if ($dsn !== null) {
            return $dsn;
        }
        $directory = TMP . 'sse';
        if (!is_dir($directory)) {
            $this->create($directory);
        }

        return "file://$directory";
    }

    /**
     * @return void
     * @throws \Cake\Core\Exception\CakeException when the extension is not there
     */
    protected function requireExtension(): void
    {
        if (!function_exists('Sse\push')) {
            throw new CakeException(
                'The PHP extension "sse" is not loaded (' . PHP_SAPI . ', PHP ' . PHP_VERSION . '), and the plugin Sse'
                . ' needs it. Build and install it with "make install" in its source, which also enables it, and'
                . ' restart PHP; "php -m" then lists "sse". Else put "extension=sse" into php.ini.',
            );
        }
    }

    /**
     * Makes the store's directory for those who share TMP: web server, command line and cron, by TMP's group. Where
     * that is root's, and it is root who makes it, by another: nobody should have to join root's.
     *
     * @param string $directory The directory.
     * @return void
     * @throws \Sse\StoreException when it can't be made
     */
    private function create(string $directory): void
    {
        // phpcs:disable Generic.PHP.NoSilencedErrors -- what fails is told, or left to the extension to tell
        if (@mkdir($directory, 0770)) {
            $group = (int)filegroup(TMP);
            if ($group === 0 && fileowner($directory) === 0) {
                $group = $this->groupInsteadOfRoots() ?? $this->warnOfRootsGroup($directory);
            }
            @chgrp($directory, $group);
            @chmod($directory, 02770);
        } elseif (!is_dir($directory)) {
            throw new StoreException(
                "cannot make the directory $directory for the events: "
                . (error_get_last()['message'] ?? 'unknown reason')
                . "; make it for the web server's group: mkdir -p $directory && chgrp www-data $directory"
                . " && chmod 2770 $directory",
            );
        }
        // phpcs:enable
    }

    /**
     * The group of TMP's owner, else of the user that PHP on the web usually runs as.
     *
     * @return int|null null if there is none
     */
    private function groupInsteadOfRoots(): ?int
    {
        if (!function_exists('posix_getpwnam')) {
            return null;
        }
        $users = [posix_getpwuid((int)fileowner(TMP)), ...array_map(posix_getpwnam(...), self::WEB_USERS)];
        foreach ($users as $user) {
            if ($user !== false && $user['uid'] !== 0 && $user['gid'] !== 0) {
                return $user['gid'];
            }
        }

        return null;
    }

    /**
     * @param string $directory The directory.
     * @return int root's group
     */
    private function warnOfRootsGroup(string $directory): int
    {
        Log::warning(
            "sse: root has made the directory $directory for the events, and nobody else can use it;"
            . " give it to the web server's group: chgrp www-data $directory",
        );

        return 0;
    }

    /**
     * How the paths of locks begin: where all users of the store find them, also those with another TMP.
     *
     * @return string
     */
    private function lockPrefix(): string
    {
        [$engine, $place] = explode('://', $this->dsn(), 2) + [1 => ''];
        if ($engine === 'sqlite') {
            $database = rawurldecode($place);

            // Beside it, as SQLite's own files are.
            return (realpath($database) ?: $database) . '-';
        }

        return $engine === 'file' ? "$place/" : TMP;
    }

    /**
     * Makes a file for those who share its directory, as the store's own files are.
     *
     * Others may write in the directory: a link that one of them puts there is not followed.
     *
     * @param string $path The file's path.
     * @return resource the file, also where somebody else made it meanwhile
     * @throws \Sse\StoreException when it can't be made
     */
    private function make(string $path)
    {
        // phpcs:disable Generic.PHP.NoSilencedErrors -- the exception says it
        $file = @fopen($path, 'x');
        if ($file !== false) {
            @lchgrp($path, (int)filegroup(dirname($path)));
            @chmod($path, 0660);
        }
        $file = $file ?: @fopen($path, 'r+');
        // phpcs:enable
        if ($file === false) {
            throw new StoreException("cannot open the lock $path; see who may write in its directory");
        }

        return $file;
    }

    /**
     * @param string $path The lock's path.
     * @param resource $file The lock.
     * @param bool $wait Whether to wait for another process.
     * @return bool whether it is this process's now
     * @throws \Sse\StoreException when another one keeps it
     */
    private function lock(string $path, $file, bool $wait): bool
    {
        $until = hrtime(true) + (int)(static::LOCK_PATIENCE * 1e9);
        $pause = 500;
        while (!flock($file, LOCK_EX | LOCK_NB, $isBusy)) {
            if (!$isBusy) {
                throw new StoreException("cannot lock $path; its file system has no locks");
            }
            if (!$wait) {
                return false;
            }
            if (hrtime(true) > $until) {
                throw new StoreException(sprintf(
                    '%s stayed locked by another process for %g seconds; "fuser -v %1$s" names it',
                    $path,
                    static::LOCK_PATIENCE,
                ));
            }
            usleep(random_int(intdiv($pause, 2), $pause));
            $pause = min(2 * $pause, self::LOCK_PAUSE);
        }

        return true;
    }

    /**
     * @param array<string, mixed> $entry One entry that the extension read.
     * @return bool whether it tells of missing events
     */
    private function isGap(array $entry): bool
    {
        return $entry['event'] === 'sse-gap' && isset($entry['data']['keys'], $entry['data']['from']);
    }
}
