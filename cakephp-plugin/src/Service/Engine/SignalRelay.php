<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Cake\Log\Log;
use Closure;
use Sse\Service\Signal\SignalStrategyInterface;
use Sse\Service\Store;
use Throwable;

/**
 * A signal class of the application's own beside the store, which wakes its streams by itself.
 *
 * Each push touches it. When it tells of a change that no push made, the newest payload is sent once more.
 *
 * A push notes the time that its touch made, and so does a stream that finds one which nobody noted. Of several streams
 * that do, on any machine, the one whose note is the first sends the payload.
 *
 * @internal
 */
final class SignalRelay
{
    /**
     * @param \Sse\Service\Signal\SignalStrategyInterface $signal The application's own.
     * @param \Closure(string): mixed $sendAgain Sends the newest payload of a key once more.
     * @param bool $isShared Whether other machines push into the same store: their pushes hold no lock here, so a
     *   change has to be seen at two looks before it counts as one that no push made.
     */
    public function __construct(
        private readonly SignalStrategyInterface $signal,
        private readonly Closure $sendAgain,
        private readonly bool $isShared,
    ) {
    }

    /**
     * Stores an event and touches the signal; no stream of this machine looks between the two.
     *
     * @param string $key The key.
     * @param \Closure(): mixed $store Stores the event.
     * @return void
     * @throws \Sse\StoreException when it is not stored
     */
    public function push(string $key, Closure $store): void
    {
        Store::instance()->locked($key, function () use ($key, $store): bool {
            $store();
            try {
                $this->signal->touch($key);
                (new SignalNotes($key))->note($this->signal->getLastModified($key));
            } catch (Throwable $exception) {
                // The event is with its clients already.
                Log::error(sprintf(
                    'SSE key %s: an event is kept and sent, and its signal could not be touched: %s',
                    Store::quoted($key),
                    $exception->getMessage(),
                ));
            }

            return true;
        }, true);
    }

    /**
     * @param string $key The key.
     * @param mixed $onLoop The application's own, or null.
     * @return mixed one that asks the signal first
     */
    public function onLoop(string $key, mixed $onLoop): mixed
    {
        if ($onLoop !== null && !is_callable($onLoop)) {
            // The extension says what is wrong with it.
            return $onLoop;
        }
        $notes = new SignalNotes($key);

        return function () use ($key, $notes, $onLoop): void {
            try {
                $this->look($key, $notes);
            } finally {
                if ($onLoop !== null) {
                    $onLoop();
                }
            }
        };
    }

    /**
     * @param string $key The key.
     * @param \Sse\Service\Engine\SignalNotes $notes What this stream has read.
     * @return void
     */
    private function look(string $key, SignalNotes $notes): void
    {
        $modified = $this->signal->getLastModified($key);
        if ($modified > $notes->modified && (!$this->isShared || $modified === $notes->seen)) {
            // Whoever has the lock may be pushing; the next round looks again.
            Store::instance()->locked($key, fn(): bool => $this->relay($key, $notes, $modified), false);
        }
        $notes->seen = $modified;
    }

    /**
     * @param string $key The key.
     * @param \Sse\Service\Engine\SignalNotes $notes What this stream has read.
     * @param int $modified What the signal says.
     * @return bool whether the newest payload was sent once more
     */
    private function relay(string $key, SignalNotes $notes, int $modified): bool
    {
        $notes->readOn($modified);
        if ($modified <= $notes->modified) {
            return false;
        }
        $own = $notes->note($modified);
        if ($notes->readOn($modified) !== $own) {
            return false;
        }
        ($this->sendAgain)($key);

        return true;
    }
}
