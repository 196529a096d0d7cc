<?php
declare(strict_types=1);

namespace Sse\Service;

use Cake\Core\Configure;
use Cake\Core\Exception\CakeException;
use SensitiveParameter;
use Sse\Polyfill\Settings as PlainSettings;
use function Sse\check;
use function Sse\cursor;
use function Sse\encode;
use function Sse\push;
use function Sse\read;
use function Sse\status;
use function Sse\stream;

/**
 * Where the events of this application are kept, and the only place that calls the extension, or what stands in
 * for it in plain PHP.
 *
 * What can't be used is an `Sse\InvalidArgumentException`, and a store that fails an `Sse\StoreException`.
 *
 * @internal
 * @phpstan-type Entry array{id: string, time: float, event: ?string, data: mixed, external: bool, gap: bool}
 */
class Store
{
    private static ?self $instance = null;

    /**
     * @param string|null $dsn Its data source name; null for what the configuration says.
     */
    public function __construct(
        #[SensitiveParameter]
        private readonly ?string $dsn = null,
    ) {
        if (!function_exists('Sse\push')) {
            throw new CakeException(
                'Neither the PHP extension "sse" is loaded (' . PHP_SAPI . ', PHP ' . PHP_VERSION . ') nor the Composer'
                . ' package php-sse/polyfill, and the plugin Sse needs one of them. Build and install the extension'
                . ' with "make install" in its source, which also enables it, and restart PHP; "php -m" then lists'
                . ' "sse". Else put "extension=sse" into php.ini. Without Composer, require bootstrap.php of the'
                . ' package.',
            );
        }
    }

    public static function instance(): self
    {
        return self::$instance ??= new self();
    }

    /**
     * Puts another one in its place, for tests; null brings the real one back.
     */
    public static function replace(?self $store): void
    {
        self::$instance = $store;
    }

    /**
     * A key for a line of a log.
     */
    public static function quoted(string $key): string
    {
        return '"' . addcslashes($key, "\0..\37\177\"\\") . '"';
    }

    /**
     * A setting of how events are kept, as it stands for this process.
     */
    public static function setting(string $name): string
    {
        $text = ini_get("sse.$name");

        // In plain PHP it is no entry of php.ini.
        return $text === false ? PlainSettings::text($name) : $text;
    }

    /**
     * Whether other processes use it as well.
     */
    public function isShared(): bool
    {
        return true;
    }

    /**
     * A payload that can be sent, as JSON.
     */
    public function encode(mixed $payload): string
    {
        return encode($payload);
    }

    /**
     * Appends an event and wakes its listeners.
     *
     * @param mixed $data The payload, or a reference to it.
     * @param bool $external Whether $data is a reference.
     * @param string|null $after The id of the last event, '0-0' if none is; it is appended only if none was since.
     * @return string|null the event's id; null if something was appended since $after
     */
    public function push(string $key, mixed $data, bool $external = false, ?string $after = null): ?string
    {
        return push($key, $data, null, $this->with(compact('external', 'after')));
    }

    /**
     * The events of a key after an id, oldest first. An entry whose `gap` is true stands for some that are gone.
     *
     * @param int $limit At most so many; negative for the newest.
     * @return list<Entry>
     */
    public function read(string $key, ?string $after, int $limit): array
    {
        return read($key, $after, $limit, $this->with());
    }

    /**
     * The newest event of a key.
     *
     * @return Entry|null
     */
    public function newest(string $key): ?array
    {
        foreach (array_reverse($this->read($key, null, -1)) as $entry) {
            if (!$entry['gap']) {
                return $entry;
            }
        }

        return null;
    }

    /**
     * The position behind all that some keys have now, as clients send it back.
     *
     * @param list<string>|string $keys
     */
    public function cursor(array|string $keys): string
    {
        return cursor($keys, $this->with());
    }

    /**
     * @return array<string, mixed> what `Sse\status()` says of it
     */
    public function status(): array
    {
        return status($this->with());
    }

    /**
     * Says what would keep a stream from beginning, while an exception still reaches a page.
     *
     * @param list<string> $keys
     * @param array<string, mixed> $options Options of Sse\stream().
     */
    public function check(
        array $keys,
        #[SensitiveParameter]
        array $options,
    ): void {
        check($keys, $this->with($options));
    }

    /**
     * Writes a stream to the client until one of them ends.
     *
     * @param list<string> $keys
     * @param array<string, mixed> $options Options of Sse\stream().
     * @return string what is left for the response's body: nothing
     */
    public function stream(
        array $keys,
        #[SensitiveParameter]
        array $options,
    ): string {
        stream($keys, $this->with($options));

        return '';
    }

    /**
     * The data source name: that of the configuration, else the application's own directory.
     */
    protected function dsn(): string
    {
        return $this->dsn
            ?? $this->redisDsn()
            ?? Configure::read('Sse.dsn')
            ?? 'file://' . StoreDirectory::made();
    }

    private function redisDsn(): ?string
    {
        return RedisDsn::isThere() && RedisDsn::isEngine(Configure::read('Sse.payload_engine'))
            ? RedisDsn::configured()
            : null;
    }

    /**
     * @param array<string, mixed> $options
     * @return array<string, mixed> the same with the data source name, unless they have one
     */
    private function with(
        #[SensitiveParameter]
        array $options = [],
    ): array {
        return ['dsn' => $options['dsn'] ?? $this->dsn()] + $options;
    }
}
