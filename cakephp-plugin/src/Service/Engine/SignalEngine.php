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

    public function accepts(string $key, mixed $payload): bool
    {
        return $this->engine->accepts($key, $payload);
    }

    public function sendAgain(string $key): bool
    {
        return $this->engine->sendAgain($key);
    }

    public function streamOptions(array $keys, array $options): array
    {
        $options = $this->engine->streamOptions($keys, $options);
        $notes = [];
        $look = function (string $key) use (&$notes): void {
            $noted = $notes[$key] ??= new SignalNotes($key);
            $modified = $this->signal->getLastModified($key);
            if ($modified > $noted->modified && $noted->noteFirst($modified)) {
                $this->engine->sendAgain($key);
            }
        };
        $options['collect'] = self::looking($look, $options['collect'] ?? null);

        return $options;
    }

    /**
     * With a time it asks the signal.
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

        return [
            'time' => $modified,
            'data' => $newest[0] ?? null,
            'id' => Store::instance()->newest($key)['id'] ?? '0-0',
        ] + ($newest === null ? ['gap' => true] : []);
    }

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
            $notes->end($push, $modified);
        } catch (Throwable $exception) {
            // A kept event is with its clients already.
            Log::error(sprintf(
                'SSE key %s: %s: %s',
                Store::quoted($key),
                $isKept
                    ? 'an event is kept and sent, and its signal could not be touched'
                    : 'the end of a push that failed could not be noted',
                $exception->getMessage(),
            ));
        }
    }
}
