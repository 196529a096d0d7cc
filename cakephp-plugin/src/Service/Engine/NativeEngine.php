<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use InvalidArgumentException;
use Sse\Service\RedisDsn;
use Sse\Service\Signal\SignalStrategyInterface;
use Sse\Service\Store;

/**
 * Payloads in the extension's own store, as JSON.
 *
 * @internal
 */
final class NativeEngine extends Engine
{
    /**
     * What `sse.max_payload` may end with, and what that stands for.
     */
    private const UNITS = ['K' => 1 << 10, 'M' => 1 << 20, 'G' => 1 << 30];

    private readonly ?SignalRelay $relay;

    /**
     * @param \Sse\Service\Signal\SignalStrategyInterface|null $signal A class of the application's own, if it has one.
     */
    public function __construct(private readonly ?SignalStrategyInterface $signal = null)
    {
        $this->relay = $signal === null
            ? null
            : new SignalRelay(
                $signal,
                $this->sendAgain(...),
                Store::instance()->isShared() && RedisDsn::isConfigured(),
            );
    }

    /**
     * @inheritDoc
     */
    public function accepts(string $key, mixed $payload): bool
    {
        $isAccepted = parent::accepts($key, $payload);
        $length = strlen((string)json_encode($payload));
        $limit = trim((string)ini_get('sse.max_payload'));
        $limit = (int)$limit * (self::UNITS[strtoupper(substr($limit, -1))] ?? 1);
        if ($length > $limit) {
            throw new InvalidArgumentException(
                "the event's data is $length bytes of JSON, the limit is $limit; raise sse.max_payload or push a"
                . ' reference that beforeSend resolves',
            );
        }

        return $isAccepted;
    }

    /**
     * @inheritDoc
     */
    public function push(string $key, mixed $payload): bool
    {
        if ($this->relay === null) {
            Store::instance()->push($key, $payload);
        } else {
            $this->relay->push($key, fn(): string => Store::instance()->push($key, $payload));
        }

        return true;
    }

    /**
     * Sends the newest payload once more.
     *
     * @param string $key The key.
     * @return bool whether there is one
     * @throws \Sse\StoreException when the store fails
     */
    public function sendAgain(string $key): bool
    {
        $newest = Store::instance()->newest($key);
        if ($newest === null || $newest['external']) {
            return false;
        }
        Store::instance()->push($key, $newest['data']);

        return true;
    }

    /**
     * @inheritDoc
     */
    public function check(string $key, int|string $lastKnown): ?array
    {
        if (is_string($lastKnown) || $this->signal === null) {
            return parent::check($key, $lastKnown);
        }

        return $this->changed($this->signal, $key, $lastKnown, function () use ($key): ?array {
            $newest = Store::instance()->newest($key);

            return $newest === null ? [null] : $this->payload($key, $newest);
        });
    }

    /**
     * @inheritDoc
     */
    public function streamOptions(string $key, array $options): array
    {
        return $this->relay === null
            ? $options
            : ['onLoop' => $this->relay->onLoop($key, $options['onLoop'] ?? null)] + $options;
    }

    /**
     * @inheritDoc
     */
    protected function payload(string $key, array $event): ?array
    {
        return $event['external'] ? null : [$event['data']];
    }
}
