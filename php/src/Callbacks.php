<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Closure;
use Throwable;

/**
 * The application's closures inside a stream. What they print goes to the log, what they throw too, and the stream goes
 * on. `exit` and fatal errors end the script: then `Stream` finds in `place` where that was.
 */
final class Callbacks
{
    /** Which closure runs, and for which event; null while none does. */
    public ?string $place = null;

    /** Output buffers there were before it ran. */
    private int $level = 0;

    /**
     * @param \Closure|null $fetch fetches the payload of an external event by its reference
     * @param \Closure|null $beforeSend turns a payload into what is sent; a falsy result sends nothing
     * @param \Closure|null $collect pushes what others have put elsewhere, for the key that it is given
     * @param \Closure|null $onLoop runs once at the start, then every so often
     */
    public function __construct(
        private ?Closure $fetch,
        private ?Closure $beforeSend,
        private ?Closure $collect,
        private ?Closure $onLoop,
    ) {
    }

    /**
     * Whether events pass through PHP code.
     */
    public function seeEvents(): bool
    {
        return $this->beforeSend !== null || $this->fetch !== null;
    }

    /**
     * Whether payloads are fetched.
     */
    public function fetches(): bool
    {
        return $this->fetch !== null;
    }

    /**
     * Whether there is something to run every so often.
     */
    public function loops(): bool
    {
        return $this->collect !== null || $this->onLoop !== null;
    }

    /**
     * Runs `collect` for each key.
     *
     * @param list<\Sse\Polyfill\Key> $keys
     */
    public function collect(array $keys): void
    {
        if ($this->collect === null) {
            return;
        }
        foreach ($keys as $key) {
            $this->run($this->collect, [$key->bytes], "collect, key {$key->shown()}");
        }
    }

    /**
     * Runs `onLoop`.
     */
    public function loop(): void
    {
        if ($this->onLoop !== null) {
            $this->run($this->onLoop, [], 'onLoop');
        }
    }

    /**
     * What to send for an event.
     */
    public function outcome(Key $key, Event $event): Draft|Withheld
    {
        $draft = $event->draft;
        if ($this->beforeSend === null && !$draft->external) {
            return $draft;
        }
        $about = "key {$key->shown()}, event {$event->id->text()}";
        $payload = Json::decode($draft->json);
        if ($draft->external) {
            if ($this->fetch === null) {
                Journal::log(
                    "event {$event->id->text()} of key {$key->shown()} is external and this stream has no fetch option; "
                    . 'its client is told of a gap',
                );

                return Withheld::Gone;
            }
            $fetched = $this->run($this->fetch, [$payload], "fetch, $about");
            if ($fetched === null) {
                return Withheld::Skipped;
            }
            if (!is_array($fetched[0]) || !array_key_exists(0, $fetched[0])) {
                return Withheld::Gone;
            }
            $payload = $fetched[0][0];
        }
        $result = $payload;
        if ($this->beforeSend !== null) {
            $answered = $this->run($this->beforeSend, [$payload], "beforeSend, $about");
            if ($answered === null || !$answered[0]) {
                return Withheld::Skipped;
            }
            $result = $answered[0];
        }
        if (!$draft->external && $result === $payload) {
            return $draft;
        }
        $place = ($this->beforeSend === null ? 'fetch' : 'beforeSend') . ", $about";

        return $this->encoded($result, $draft, $place);
    }

    /**
     * To be called when the script ends within a closure: what it printed goes to the log.
     */
    public function end(): void
    {
        while (ob_get_level() > $this->level + 1 && ob_end_flush());
        if (ob_get_level() === $this->level + 1) {
            $this->logPrinted((string)ob_get_clean());
        }
        $this->place = null;
    }

    /**
     * What a closure answered, as what is sent.
     */
    private function encoded(mixed $result, Draft $draft, string $place): Draft|Withheld
    {
        // A name that was pushed explicitly stays; one that came from the payload was the payload's.
        $explicit = $draft->cut === null ? $draft->name : null;
        $this->place = $place;
        try {
            return Draft::of(Json::encode($result), $explicit);
        } catch (Failure $failure) {
            Journal::log("$place: its result can't be sent, the event is skipped: $failure->text");
        } catch (Throwable $error) {
            Journal::log("$place: encoding its result threw " . self::shown($error) . '; the event is skipped');
        } finally {
            $this->place = null;
        }

        return Withheld::Skipped;
    }

    /**
     * Calls a closure; null if it threw, else a list with its answer.
     *
     * @param list<mixed> $arguments
     * @return array{mixed}|null
     */
    private function run(Closure $closure, array $arguments, string $place): ?array
    {
        $this->place = $place;
        $this->level = ob_get_level();
        ob_start();
        try {
            // By way of a function of PHP's own: its calls convert scalars as those of the extension do, whereas this
            // file's are strict.
            $answer = $arguments === [] ? [$closure()] : array_map($closure, $arguments);
            $this->end();

            return [$answer[0]];
        } catch (Throwable $error) {
            $this->place ??= $place;
            $this->end();
            Journal::log("$place threw " . self::shown($error) . '; the stream goes on');

            return null;
        }
    }

    private function logPrinted(string $printed): void
    {
        if ($printed !== '') {
            Journal::log(sprintf(
                '%s printed %d bytes: %s',
                (string)$this->place,
                strlen($printed),
                Printable::of($printed),
            ));
        }
    }

    private static function shown(Throwable $error): string
    {
        return sprintf('%s: %s in %s', $error::class, $error->getMessage(), Boundary::place($error));
    }
}
