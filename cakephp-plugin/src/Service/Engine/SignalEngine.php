<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Cake\Log\Log;
use Sse\Service\Signal\SignalStrategyInterface;
use Sse\Service\Store;
use Throwable;

/**
 * A signal class of the application's own beside an engine, which wakes its streams by itself.
 *
 * Each push touches it. When it tells of a change that no push made, what is new is sent, else the newest payload once
 * more.
 *
 * @internal
 */
final class SignalEngine extends Engine
{
    public function __construct(private readonly Engine $engine, private readonly SignalStrategyInterface $signal)
    {
    }

    /**
     * @inheritDoc
     */
    public function push(string $key, mixed $payload): bool
    {
        $notes = new SignalNotes($key);
        $push = $notes->begin();
        $isKept = false;
        try {
            return $isKept = $this->engine->push($key, $payload);
        } finally {
            $this->end($key, $notes, $push, $isKept);
        }
    }

    /**
     * @inheritDoc
     */
    public function accepts(string $key, mixed $payload): bool
    {
        return $this->engine->accepts($key, $payload);
    }

    /**
     * @inheritDoc
     */
    public function sendAgain(string $key): bool
    {
        return $this->engine->sendAgain($key);
    }

    /**
     * @inheritDoc
     */
    public function streamOptions(array $keys, array $options): array
    {
        $options = $this->engine->streamOptions($keys, $options);
        $notes = array_map(fn(string $key): SignalNotes => new SignalNotes($key), $keys);
        $look = function () use ($keys, $notes): void {
            foreach ($keys as $number => $key) {
                $modified = $this->signal->getLastModified($key);
                if ($modified > $notes[$number]->modified && $notes[$number]->noteFirst($modified)) {
                    $this->engine->sendAgain($key);
                }
            }
        };
        $options['onLoop'] = self::looking($look, $options['onLoop'] ?? null);

        return $options;
    }

    /**
     * With a time it asks the signal.
     *
     * @inheritDoc
     */
    public function check(string $key, int|string $lastKnown): ?array
    {
        if (is_string($lastKnown)) {
            return $this->engine->check($key, $lastKnown);
        }
        $modified = $this->signal->getLastModified($key);
        if ($modified <= $lastKnown) {
            return null;
        }
        $newest = $this->engine->newest($key);
        $found = [
            'time' => $modified,
            'data' => $newest[0] ?? null,
            'id' => Store::instance()->newest($key)['id'] ?? '0-0',
        ];

        return $newest === null ? $found + ['gap' => true] : $found;
    }

    /**
     * @inheritDoc
     */
    protected function payload(string $key, array $event): ?array
    {
        return $this->engine->payload($key, $event);
    }

    private function end(string $key, SignalNotes $notes, string $push, bool $isKept): void
    {
        $modified = 0;
        try {
            if ($isKept) {
                $this->signal->touch($key);
                $modified = $this->signal->getLastModified($key);
            }
        } catch (Throwable $exception) {
            // The event is with its clients already.
            $this->log($key, 'its signal could not be touched', $exception);
        }
        try {
            $notes->end($push, $modified);
        } catch (Throwable $exception) {
            $this->log($key, 'what its signal says could not be noted', $exception);
        }
    }

    private function log(string $key, string $what, Throwable $exception): void
    {
        Log::error(sprintf(
            'SSE key %s: an event is kept and sent, and %s: %s',
            Store::quoted($key),
            $what,
            $exception->getMessage(),
        ));
    }
}
