<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Cake\Log\Log;
use JsonSerializable;
use Sse\Service\Payload\CachePayloadStrategy;
use Sse\Service\Payload\OrderedPayloadStrategyInterface;
use Sse\Service\Payload\PayloadStrategyInterface;
use Sse\Service\Signal\FileSignalStrategy;
use Sse\Service\Signal\SignalStrategyInterface;
use Sse\Service\Store;
use Sse\StoreException;
use stdClass;

/**
 * Payloads in a strategy class; the store keeps references to them, in order.
 *
 * Always true:
 * - a payload is kept before its reference is stored, so a listener that wakes finds it;
 * - with a custom signal the references of a key are stored under one lock, so that a change is referred to once
 *   however many streams notice it.
 *
 * @internal
 */
final class StrategyEngine extends Engine
{
    /**
     * Stands for a payload that is not to be sent.
     */
    private readonly object $nothing;

    /**
     * @param \Sse\Service\Payload\PayloadStrategyInterface $payloads Keeps the payloads.
     * @param \Sse\Service\Signal\SignalStrategyInterface $signal Wakes the listeners.
     */
    public function __construct(
        private readonly PayloadStrategyInterface $payloads,
        private readonly SignalStrategyInterface $signal,
    ) {
        $this->nothing = new stdClass();
    }

    /**
     * @inheritDoc
     */
    public function accepts(string $key, mixed $payload): bool
    {
        return parent::accepts($key, $payload)
            && (!$this->payloads instanceof CachePayloadStrategy || $this->payloads->accepts($payload));
    }

    /**
     * @inheritDoc
     */
    public function push(string $key, mixed $payload): bool
    {
        $this->assertSendable($payload);
        if ($this->hasCustomSignal()) {
            return Store::instance()->locked($key, fn(): bool => $this->pushAndTouch($key, $payload), true);
        }
        $reference = $this->keep($key, $payload);
        if ($reference === null) {
            return false;
        }
        if (isset($reference['value'])) {
            $this->signal->touch($key);
        } else {
            Store::instance()->push($key, $reference, true);
        }

        return true;
    }

    /**
     * @inheritDoc
     */
    public function check(string $key, int|string $lastKnown): ?array
    {
        if (is_string($lastKnown) || !$this->hasCustomSignal()) {
            return parent::check($key, $lastKnown);
        }

        return $this->changed($this->signal, $key, $lastKnown, fn(): ?array => $this->newest($key));
    }

    /**
     * @inheritDoc
     */
    public function streamOptions(string $key, array $options): array
    {
        $this->assertUsable($key, $options);
        $log = new ReferenceLog($key, true);
        $options['fetch'] = fn(array $reference): ?array => $this->fetch($log, $key, $reference);
        $options['beforeSend'] = $this->withoutNothing($options['beforeSend'] ?? null);
        if ($this->hasCustomSignal()) {
            $options['onLoop'] = $this->withRelay(new ReferenceLog($key), $key, $options['onLoop'] ?? null);
        }

        return $options;
    }

    /**
     * @inheritDoc
     */
    protected function payload(string $key, array $event): ?array
    {
        if (!$event['external']) {
            return [$event['data']];
        }

        return isset($event['data']['reference'])
            ? $this->find($key, $event['data']['reference'])
            : $this->newest($key);
    }

    /**
     * Says why no payload could be read. A client that comes back gets its stream: an error page would end its
     * EventSource, and maybe it is over when it comes back again.
     *
     * @param string $key The key.
     * @param array<string, mixed> $options The stream's options.
     * @return void
     * @throws \Sse\StoreException when the cache can't be reached
     * @throws \Cake\Core\Exception\CakeException when no stream could read what is written
     */
    private function assertUsable(string $key, array $options): void
    {
        if (
            $this->payloads instanceof CachePayloadStrategy
            && !$this->payloads->isUsable()
            && ($options['lastEventId'] ?? '') === ''
        ) {
            throw new StoreException(sprintf(
                'the key %s can\'t be streamed: its cache can\'t be reached; the log says which one',
                Store::quoted($key),
            ));
        }
    }

    /**
     * @return bool whether the signal has to be asked, because it doesn't wake streams by itself
     */
    private function hasCustomSignal(): bool
    {
        return !$this->signal instanceof FileSignalStrategy;
    }

    /**
     * @param string $key The key.
     * @param mixed $payload The payload.
     * @return array<string, string>|null the reference to it; null if it could not be kept
     */
    private function keep(string $key, mixed $payload): ?array
    {
        if (!$this->payloads instanceof OrderedPayloadStrategyInterface) {
            return $this->payloads->store($key, $payload) ? ReferenceLog::value() : null;
        }
        $reference = $this->payloads->append($key, $payload);

        return $reference === null ? null : ['reference' => $reference];
    }

    /**
     * @param string $key The key.
     * @param mixed $payload The payload.
     * @return bool whether it is kept
     */
    private function pushAndTouch(string $key, mixed $payload): bool
    {
        $reference = $this->keep($key, $payload);
        if ($reference === null) {
            return false;
        }
        $this->signal->touch($key);
        $this->relay(new ReferenceLog($key), $key, $reference);

        return true;
    }

    /**
     * The payload behind a reference, in a list; null if it is gone.
     *
     * @param \Sse\Service\Engine\ReferenceLog $log What this stream's fetching has read.
     * @param string $key The key.
     * @param array<string, mixed> $reference The reference.
     * @return array{mixed}|null
     */
    private function fetch(ReferenceLog $log, string $key, array $reference): ?array
    {
        if (isset($reference['reference'])) {
            return $this->find($key, $reference['reference']);
        }
        $newest = $log->isFollowed((string)($reference['value'] ?? '')) ? [null] : $this->newest($key);

        return $newest === null ? null : [$newest[0] ?? $this->nothing];
    }

    /**
     * @param string $key The key.
     * @param string $reference A reference of an ordered class.
     * @return array{mixed}|null
     */
    private function find(string $key, string $reference): ?array
    {
        return $this->payloads instanceof OrderedPayloadStrategyInterface
            ? $this->known($key, $this->payloads->find($key, $reference))
            : null;
    }

    /**
     * @param string $key The key.
     * @return array{mixed}|null the payload stored last, in a list; null if it is gone
     */
    private function newest(string $key): ?array
    {
        return $this->known($key, [$this->payloads->fetch($key)]);
    }

    /**
     * What has an object of a class that this process doesn't know is as good as gone: nobody can ask it what it hides.
     *
     * @param string $key The key.
     * @param array{mixed}|null $payload A payload, in a list.
     * @return array{mixed}|null
     */
    private function known(string $key, ?array $payload): ?array
    {
        $class = UnknownClass::in($payload);
        if ($class === null) {
            return $payload;
        }
        Log::error(sprintf(
            'SSE key %s: a payload is taken for gone: it has an object of the class %s, which this process doesn\'t'
            . ' know; push arrays, or load the class where streams run too',
            Store::quoted($key),
            $class,
        ));

        return null;
    }

    /**
     * @param mixed $beforeSend The application's own, or null.
     * @return mixed one that leaves out what is not to be sent
     */
    private function withoutNothing(mixed $beforeSend): mixed
    {
        if ($beforeSend !== null && !is_callable($beforeSend)) {
            // The extension says what is wrong with it.
            return $beforeSend;
        }
        if ($beforeSend !== null) {
            return fn(mixed $payload): mixed => $payload === $this->nothing ? null : $beforeSend($payload);
        }

        return fn(mixed $payload): mixed => match (true) {
            $payload === $this->nothing => null,
            // What is falsy would not be sent.
            !$payload => new class ($payload) implements JsonSerializable {
                /**
                 * @param mixed $payload The payload.
                 */
                public function __construct(private readonly mixed $payload)
                {
                }

                /**
                 * @return mixed
                 */
                public function jsonSerialize(): mixed
                {
                    return $this->payload;
                }
            },
            default => $payload,
        };
    }

    /**
     * @param \Sse\Service\Engine\ReferenceLog $log What this stream's relaying has read.
     * @param string $key The key.
     * @param mixed $onLoop The application's own, or null.
     * @return mixed one that asks the signal first
     */
    private function withRelay(ReferenceLog $log, string $key, mixed $onLoop): mixed
    {
        if ($onLoop !== null && !is_callable($onLoop)) {
            return $onLoop;
        }
        $relay = function () use ($log, $key): bool {
            $this->relay($log, $key);

            return true;
        };

        return function () use ($relay, $log, $key, $onLoop): void {
            try {
                if ($this->signal->getLastModified($key) > $log->modified) {
                    // Whoever has the lock may be storing it; the next round looks again.
                    Store::instance()->locked($key, $relay, false);
                }
            } finally {
                if ($onLoop !== null) {
                    $onLoop();
                }
            }
        };
    }

    /**
     * Stores references to what the signal tells of and the log doesn't have. To be called under the key's lock.
     *
     * @param \Sse\Service\Engine\ReferenceLog $log The log.
     * @param string $key The key.
     * @param array<string, string>|null $pushed What was pushed just now; null if another program may have changed
     *   something.
     * @return void
     */
    private function relay(ReferenceLog $log, string $key, ?array $pushed = null): void
    {
        $log->readOn();
        $modified = $this->signal->getLastModified($key);
        if ($pushed === null && $modified <= $log->modified) {
            return;
        }
        foreach ($this->missing($log, $key, $pushed) as $reference) {
            Store::instance()->push($key, $reference + ['modified' => $modified], true);
        }
        $log->modified = max($log->modified, $modified);
    }

    /**
     * @param \Sse\Service\Engine\ReferenceLog $log The log, just read.
     * @param string $key The key.
     * @param array<string, string>|null $pushed What was pushed just now.
     * @return list<array<string, string>> references, oldest first
     */
    private function missing(ReferenceLog $log, string $key, ?array $pushed): array
    {
        $stored = $this->payloads instanceof OrderedPayloadStrategyInterface
            ? $this->payloads->after($key, $log->reference)
            : null;
        if ($stored === null) {
            return [$pushed ?? ReferenceLog::value()];
        }
        if ($log->reference === null) {
            // Nothing was ever told: as for a client without an id, only the newest counts.
            $stored = array_slice($stored, -1);
        }
        $missing = array_map(fn(string $reference): array => ['reference' => $reference], $stored);

        return $pushed === null || in_array($pushed, $missing, true) ? $missing : [...$missing, $pushed];
    }
}
