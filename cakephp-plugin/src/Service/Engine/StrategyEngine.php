<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Cake\Log\Log;
use Sse\Service\Payload\CachePayloadStrategy;
use Sse\Service\Payload\OrderedPayloadStrategyInterface;
use Sse\Service\Payload\PayloadStrategyInterface;
use Sse\Service\Signal\FileSignalStrategy;
use Sse\Service\Store;
use Sse\StoreException;

/**
 * Payloads in a strategy class.
 *
 * @internal
 */
final class StrategyEngine extends ReferenceEngine
{
    /**
     * @param \Sse\Service\Signal\FileSignalStrategy|null $signal Wakes streams of a class that keeps the last value
     *   only; null beside a signal of the application's own: then an ordered class is asked what others stored.
     */
    public function __construct(
        private readonly PayloadStrategyInterface $payloads,
        private readonly ?FileSignalStrategy $signal,
    ) {
    }

    public function accepts(string $key, mixed $payload): bool
    {
        return parent::accepts($key, $payload)
            && (!$this->payloads instanceof CachePayloadStrategy || $this->payloads->accepts($payload));
    }

    public function push(string $key, mixed $payload): bool
    {
        Store::instance()->encode($payload);
        $log = new ReferenceLog($key);
        if (!$this->payloads instanceof OrderedPayloadStrategyInterface) {
            if (!$this->payloads->store($key, $payload)) {
                return false;
            }
            $this->signal === null ? $log->add(null) : $this->signal->touch($key);

            return true;
        }
        $before = $this->signal === null ? $log->end() : null;
        $reference = $this->payloads->append($key, $payload);
        if ($reference === null) {
            return false;
        }
        if ($before === null) {
            $log->add($reference);

            return true;
        }
        $log->extend(function (?string $told) use ($log, $key, $reference, $before): array {
            $untold = $this->untold($log, $key, $told, [$reference]) ?? [$reference];

            // Who pushes or looks at the same time may have told of it.
            return array_diff($untold, array_intersect($log->after($before), [$reference]));
        });

        return true;
    }

    /**
     * What an ordered class has besides what clients were told of; of another the last value.
     */
    public function sendAgain(string $key): bool
    {
        if ($this->signal !== null) {
            return parent::sendAgain($key);
        }
        $log = new ReferenceLog($key);
        $log->extend(fn(?string $told): array => $this->untold($log, $key, $told) ?? [null]);

        return true;
    }

    public function newest(string $key): ?array
    {
        return $this->known($key, [$this->payloads->fetch($key)]);
    }

    /**
     * A client that comes back gets its stream also where nothing can be read: an error page would end its
     * EventSource, and maybe it is over when it comes back again.
     */
    public function streamOptions(array $keys, array $options): array
    {
        if (
            $this->payloads instanceof CachePayloadStrategy
            && !$this->payloads->isUsable()
            && ($options['lastEventId'] ?? '') === ''
        ) {
            throw new StoreException(sprintf(
                'the key %s can\'t be streamed: its cache can\'t be reached; the log says which one',
                Store::quoted($keys[0]),
            ));
        }

        return parent::streamOptions($keys, $options);
    }

    protected function find(string $key, array $reference): ?Fetched
    {
        $found = match (true) {
            !isset($reference['reference']) => $this->newest($key),
            $this->payloads instanceof OrderedPayloadStrategyInterface
                => $this->known($key, $this->payloads->find($key, $reference['reference'])),
            default => null,
        };

        return $found === null ? null : Fetched::of($found[0]);
    }

    /**
     * Of several changes of the last value only the last sends it, and none if there is no value.
     */
    protected function fetch(string $key, array $reference): ?Fetched
    {
        if (isset($reference['reference'])) {
            return $this->find($key, $reference);
        }
        $found = (new ReferenceLog($key))->isFollowed($reference['value'] ?? '')
            ? Fetched::nothing()
            : $this->find($key, $reference);

        return $found !== null && $found->payload === null ? Fetched::nothing() : $found;
    }

    /**
     * What an ordered class has that clients were not told of. If they never were, only the newest counts, as for one
     * without an id.
     *
     * @param string|null $told The reference that was told last.
     * @param list<string> $pushed What is pushed just now.
     * @return list<string>|null null if the class can't tell
     */
    private function untold(ReferenceLog $log, string $key, ?string $told, array $pushed = []): ?array
    {
        $stored = $this->payloads instanceof OrderedPayloadStrategyInterface
            ? $this->payloads->after($key, $told)
            : null;
        if ($stored === null) {
            return null;
        }
        $stored = array_unique([...$told === null ? array_slice($stored, -1) : $stored, ...$pushed]);
        // Of several first pushes a later one may have been told before an earlier one.
        $known = $stored === $pushed ? [] : array_diff($log->after(), $pushed);

        return array_values(array_diff($stored, $known));
    }

    /**
     * What has an object of a class that this process doesn't know is as good as gone: nobody can ask it what it hides.
     *
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
}
