<?php
declare(strict_types=1);

namespace Sse\Service\Payload;

use Cake\Cache\Cache;
use Cake\Cache\Engine\ApcuEngine;
use Cake\Cache\Engine\ArrayEngine;
use Cake\Cache\Engine\NullEngine;
use Cake\Core\App;
use Cake\Core\Exception\CakeException;
use Cake\Log\Log;
use InvalidArgumentException;
use Sse\Service\Settings;
use Sse\Service\Store;
use Throwable;

/**
 * Payloads in the application's cache, with their PHP types, each under a name of its own.
 *
 * They are kept as long as the cache keeps them; one that vanished before a client got it is told as a gap.
 */
class CachePayloadStrategy implements OrderedPayloadStrategyInterface
{
    /**
     * Caches that other processes don't read, and why.
     */
    private const NOT_SHARED = [
        ArrayEngine::class => 'keeps everything in the memory of one process',
        NullEngine::class => 'keeps nothing (caching may be switched off by Cache::disable())',
        ApcuEngine::class => 'belongs to one PHP server: the command line and cron have another one',
    ];

    /**
     * Name of the cache configuration.
     *
     * @var string
     */
    protected string $configName;

    /**
     * Takes the configuration that `Sse.cache_config` names.
     *
     * @throws \InvalidArgumentException when there is none
     */
    public function __construct()
    {
        $name = Settings::read('cache_config');
        if (!is_string($name) || Cache::getConfig($name) === null) {
            throw new InvalidArgumentException(sprintf(
                'SSE: Sse.cache_config is %s, which is no cache configuration. %s',
                is_string($name) ? "\"$name\"" : get_debug_type($name),
                Settings::caches($name),
            ));
        }
        $this->configName = $name;
    }

    /**
     * Whether append() would try to keep a payload, for the engine; if not, why is in the log.
     *
     * @internal
     * @throws \InvalidArgumentException for a payload that can't be kept
     * @throws \Cake\Core\Exception\CakeException when no stream could read what is written
     */
    public function accepts(mixed $data): bool
    {
        $this->serialized($data);

        return $this->isUsable();
    }

    /**
     * Whether the cache can be used, for the engine; if not, why is in the log.
     *
     * @internal
     * @throws \Cake\Core\Exception\CakeException when no stream could read what is written
     */
    public function isUsable(): bool
    {
        $cache = Cache::pool($this->configName);
        $class = Cache::getConfig($this->configName)['className'] ?? '';
        $class = is_object($class) ? $class::class : App::className($class, 'Cache/Engine', 'Engine');
        if (Cache::enabled() && $cache instanceof NullEngine && $class !== NullEngine::class) {
            // CakePHP has put it in the place of one that it can't connect to or write.
            Log::error("SSE: the cache \"$this->configName\" can't be reached; its engine says why in the log");

            return false;
        }
        foreach (Store::instance()->isShared() ? self::NOT_SHARED : [] as $class => $why) {
            if ($cache instanceof $class) {
                throw new CakeException(
                    "SSE: the cache configuration \"$this->configName\" is a $class, which $why, so no stream would"
                    . ' find the payload. Name another one in Sse.cache_config, or leave out Sse.payload_engine and'
                    . ' Sse.signal_engine: then no cache is needed.',
                );
            }
        }

        return true;
    }

    /**
     * @inheritDoc
     */
    public function append(string $key, mixed $data): ?string
    {
        if (!$this->isUsable()) {
            return null;
        }
        $value = $this->serialized($data);
        $reference = bin2hex(random_bytes(8));
        try {
            $isKept = Cache::write($this->name($key, $reference), $value, $this->configName)
                && Cache::write($this->name($key), $reference, $this->configName);
        } catch (Throwable $exception) {
            Log::error("SSE: the cache \"$this->configName\" did not take a payload: {$exception->getMessage()}");
            $isKept = false;
        }

        return $isKept ? $reference : null;
    }

    /**
     * @inheritDoc
     */
    public function find(string $key, string $reference): ?array
    {
        $value = Cache::read($this->name($key, $reference), $this->configName);

        return is_string($value) ? $this->unserialized($key, $value) : null;
    }

    /**
     * A cache can't be listed.
     *
     * @inheritDoc
     */
    public function after(string $key, ?string $reference): ?array
    {
        return null;
    }

    /**
     * @inheritDoc
     */
    public function store(string $key, mixed $data): bool
    {
        return $this->append($key, $data) !== null;
    }

    /**
     * @inheritDoc
     */
    public function fetch(string $key): mixed
    {
        $reference = Cache::read($this->name($key), $this->configName);

        return is_string($reference) ? $this->find($key, $reference)[0] ?? null : null;
    }

    /**
     * A name that no key of the application's own and no other stream has, in letters that every cache takes.
     *
     * @param string $reference Without one it is the name under which the last one is kept.
     */
    private function name(string $key, string $reference = 'last'): string
    {
        return sprintf('sse_%s_%s', substr(hash('sha256', $key), 0, 32), $reference);
    }

    /**
     * @throws \InvalidArgumentException for a payload that no stream could get back
     */
    private function serialized(mixed $data): string
    {
        $exception = null;
        try {
            $serialized = serialize($data);
            if ($this->comesBack($data, $serialized)) {
                return $serialized;
            }
        } catch (Throwable $exception) {
            // It is told below.
        }
        throw new InvalidArgumentException(
            'the payload can\'t be kept in the cache: '
            . ($exception?->getMessage() ?? 'unserialize() makes something else of it')
            . '; push what serialize() and unserialize() take, as the array that toList() makes of a collection',
            0,
            $exception,
        );
    }

    /**
     * Whether unserialize() makes the same of it: of objects with closures it doesn't.
     */
    private function comesBack(mixed $data, string $serialized): bool
    {
        if (preg_match('/(?:^|[;{])[OCE]:\d/', $serialized) === 0) {
            // There is no object in it.
            return true;
        }
        $json = json_encode($data);

        return json_encode(unserialize($serialized)) === $json
            // One that is never the same, as a clock, can't be compared.
            || json_encode($data) !== $json;
    }

    /**
     * @return array{mixed}|null the payload in a list; null if it can't be had here, as if it were gone
     */
    private function unserialized(string $key, string $serialized): ?array
    {
        try {
            // phpcs:ignore Generic.PHP.NoSilencedErrors -- the log says it
            $payload = @unserialize($serialized);
            if ($payload !== false || $serialized === 'b:0;') {
                return [$payload];
            }
            $problem = error_get_last()['message'] ?? 'damaged';
        } catch (Throwable $exception) {
            $problem = $exception->getMessage();
        }
        Log::error(sprintf(
            'SSE key %s: a payload in the cache "%s" is taken for gone, it can\'t be unserialized: %s',
            Store::quoted($key),
            $this->configName,
            $problem,
        ));

        return null;
    }
}
