<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Sse\StreamEnd;

/**
 * A stream inside the worker: read, send, then wait until the logs look as if there were more.
 *
 *     Replaying/Live ──client gone──► ClientLeft   (seen when something is written, at the heartbeat at the latest)
 *                    ──time is up───► Lifetime     (also before PHP's time limit, where that can't be lifted)
 *                    ──server stops─► Shutdown     (php -S and PHP-FPM)
 *                    ──no place─────► Full         (after what is pending)
 *                    ──all sent─────► CaughtUp     (if it isn't to follow)
 *                    ──store fails──► Failed       (a failure that passes is waited for)
 *
 * Always true:
 * - a frame is written whole or the connection is over;
 * - the heartbeat counts from the last byte written, so filtered events don't starve it;
 * - between two looks the process sleeps.
 */
final class Stream
{
    /** Deliveries between two looks at the clock and the client. */
    private const BATCH = 256;

    /** Time after which a batch whose events pass through closures is written: those may be slow. */
    private const SLICE = 0.05;

    /** Bytes after which a batch is written. */
    private const WRITE_AT = 64 << 10;

    /** Failures at one event after which it is skipped. */
    private const FAILURES = 2;

    /** Places where no setting says how many streams may hold a worker: few hosts have less than twice as many. */
    private const PLACES = 3;

    /**
     * The longest heartbeat of a stream that holds a place: only when something is written shows that a client has left,
     * and then another one can have the place.
     */
    private const HOLDS = 5.0;

    /** How long a locked store is waited for at the start, in seconds, and the pause between two tries. */
    private const PATIENCE = 2.0;
    private const UNLOCKED = 0.01;

    /** The stream of this process that runs now, for when the script ends in it. */
    private static ?self $running = null;
    private static bool $isGuarded = false;

    /** The process that the client is connected to; no child that a closure forks. */
    private int $process;
    private Feed $feed;
    private Pace $pace;
    private Room $room;

    /** Whether it may stay when it has sent what is pending. */
    private bool $hasPlace = true;

    /** The time that `connected` tells, until that is written. */
    private ?string $greeting;

    /** Frames not yet written, and where the last id stands among them. */
    private string $out = '';

    /** @var array{int, int}|null */
    private ?array $lastId = null;

    private Schedule $schedule;

    /** When `collect` and `onLoop` are due. */
    private float $loops;

    /** Set while the store fails in a way that passes. */
    private ?Outage $outage = null;

    /**
     * The event that passes through a closure: its key and id.
     *
     * @var array{\Sse\Polyfill\Key, \Sse\Polyfill\EventId}|null
     */
    private ?array $handled = null;

    /**
     * At which events of a key the script has ended, and how often.
     *
     * @var array<string, array<string, int>>
     */
    private array $failures = [];

    private function __construct(private Plan $plan, private Response $response, private FileStore $store)
    {
        $this->process = System::process();
        $this->pace = new Pace();
        $this->room = new Room();
        $this->greeting = date('H:i:s');
        $this->loops = Pace::now();
    }

    /**
     * Runs a stream to its end. Before the first byte, what is wrong is a failure; after it, a line in the log.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function run(Plan $plan, Response $response): StreamEnd
    {
        $store = Stores::openForStream($plan->directory);
        $stream = new self($plan, $response, $store);
        try {
            $stream->feed = $stream->openFeed();
        } catch (Failure $failure) {
            if (!self::putsOff($failure)) {
                throw $failure->of(Key::names($plan->keys));
            }
            Journal::log(Key::names($plan->keys) . ": $failure->text; its client comes back later");
            $response->open();
            $response->send(Voice::putOff(Voice::STORE_AWAY));
            $response->close();

            return StreamEnd::Failed;
        }
        // One that ends when it has sent what is pending needs no place.
        $places = $plan->follow ? self::places($plan) : 0;
        $slot = $places === 0 ? null : $store->takeSlot($places);
        $stream->hasPlace = $plan->follow && ($places === 0 || $slot !== null);
        self::guard();
        $response->open();
        $limit = TimeLimit::lift();
        $heartbeat = $slot === null ? $plan->heartbeat : min($plan->heartbeat, self::HOLDS);
        $stream->schedule = new Schedule($heartbeat, $plan->lifetime, $limit->ends());
        self::$running = $stream;
        try {
            return $stream->live();
        } catch (Failure $failure) {
            Journal::log(sprintf(
                'stream of %s: %s; the stream ends, its client will resume',
                Key::names($plan->keys),
                $failure->text,
            ));

            return StreamEnd::Failed;
        } finally {
            self::$running = null;
            $response->close();
            $limit->restore();
        }
    }

    /**
     * Whether its client is to come back: nothing that passes is an error page for one, since EventSource gives up for
     * good at that.
     */
    public static function putsOff(Failure $failure): bool
    {
        return $failure->isPassing && !Response::isCommandLine();
    }

    /**
     * How many streams may hold a worker; 0 for any number.
     */
    private static function places(Plan $plan): int
    {
        if ($plan->workerStreams > 0 || Response::isCommandLine()) {
            return $plan->workerStreams;
        }
        $workers = PHP_SAPI === 'cli-server' ? getenv('PHP_CLI_SERVER_WORKERS') : false;

        return $workers === false ? self::PLACES : max(1, (int)$workers - 1);
    }

    /**
     * Sees to it that a script that ends within a closure leaves things in order.
     */
    private static function guard(): void
    {
        if (!self::$isGuarded) {
            self::$isGuarded = true;
            register_shutdown_function(static function (): void {
                self::$running?->interrupted();
            });
        }
    }

    /**
     * The script has ended: `exit`, or a fatal error.
     */
    private function interrupted(): void
    {
        self::$running = null;
        if ($this->isForked()) {
            return;
        }
        if ($this->plan->callbacks->place !== null) {
            $this->plan->callbacks->end();
        }
        if ($this->handled !== null) {
            [$key, $id] = $this->handled;
            // The client will resume before this event; the next time it counts.
            try {
                Stores::open($this->plan->directory)->failures($key)->record($id);
            } catch (Failure $failure) {
                Journal::log(
                    "the failure at event {$id->text()} of key {$key->shown()} can't be remembered: $failure->text",
                );
            }
            // What came before it is the client's; but as with the extension, not behind trigger_error() on the command
            // line.
            if ((error_get_last()['type'] ?? 0) !== E_USER_ERROR || !Response::isCommandLine()) {
                $this->flush();
            }
        }
        $this->response->close();
    }

    /**
     * Opens the feed. A lock that another process holds is waited for as a push would.
     *
     * @throws \Sse\Polyfill\Failure
     */
    private function openFeed(): Feed
    {
        $until = Pace::now() + self::PATIENCE;
        while (true) {
            try {
                return new Feed($this->store, $this->plan->keys, $this->plan->client, $this->plan->replay);
            } catch (Failure $failure) {
                if (!$failure->isPassing || Pace::now() >= $until) {
                    throw $failure;
                }
                Pace::sleep(self::UNLOCKED);
            }
        }
    }

    private function live(): StreamEnd
    {
        $callbacks = $this->plan->callbacks;
        // A client without a cursor is not told of payloads that are gone, and the first cursor that it gets is behind
        // them: only then it is greeted.
        if (!$callbacks->fetches() || !$this->feed->replays()) {
            $this->greet($this->feed->cursor());
        }
        // The client needn't wait for the closures.
        if ($callbacks->seeEvents()) {
            $this->flush();
        }
        $hasLooped = false;
        while (true) {
            $isIdle = $this->deliver();
            $this->greet($this->feed->cursor());
            if (!$this->flush()) {
                return StreamEnd::ClientLeft;
            }
            if (!$this->hasPlace && $isIdle) {
                if ($hasLooped) {
                    return $this->leave();
                }
                // A client that comes back each time has its turn each time, and gets what that has brought.
                $hasLooped = true;
                if ($this->loop()) {
                    return StreamEnd::ClientLeft;
                }
                $this->feed->look();
                continue;
            }
            if ($this->pace->shutsDown()) {
                return $this->endWith(Voice::ENDING, StreamEnd::Shutdown);
            }
            $now = Pace::now();
            if ($this->room->look($now)) {
                Journal::log('a stream gives its worker back, since requests would find none; its client comes back later');
                $this->out .= Frame::comment(Voice::NO_PLACE);
                $this->flush();

                return StreamEnd::Full;
            }
            if ($this->schedule->isOver($now)) {
                return StreamEnd::Lifetime;
            }
            if ($this->loop()) {
                return StreamEnd::ClientLeft;
            }
            if ($this->schedule->isQuiet($now)) {
                $this->out .= Frame::HEARTBEAT;
                continue;
            }
            if (!$isIdle) {
                continue;
            }
            // These servers tell their workers by a signal to stop.
            if ($this->wait() && in_array(PHP_SAPI, ['cli-server', 'fpm-fcgi'], true)) {
                return $this->endWith(Voice::ENDING, StreamEnd::Shutdown);
            }
        }
    }

    /**
     * Makes frames of what is pending, a batch of it; true if nothing is left.
     */
    private function deliver(): bool
    {
        $callbacks = $this->plan->callbacks;
        $began = Pace::now();
        for ($number = 0; $number < self::BATCH; $number++) {
            if ($this->outage !== null && Pace::now() < $this->outage->until) {
                return true;
            }
            $start = $this->greeting === null ? '' : $this->feed->cursor();
            try {
                $delivery = $this->feed->next();
            } catch (Failure $failure) {
                if (!$failure->isPassing) {
                    $this->flush();
                    throw $failure;
                }
                $this->outage = Outage::of($this->outage, Key::names($this->feed->keys()), $failure);

                return true;
            }
            if ($this->outage?->wasTold === true) {
                Journal::log('stream of ' . Key::names($this->feed->keys()) . ': the store answers again');
            }
            $this->outage = null;
            if ($delivery === null) {
                return true;
            }
            $this->pace->hurry();
            if ($delivery->item instanceof Gap) {
                $this->greet($start);
                $this->gap($this->feed->keys($delivery->keys), $delivery->item);
                // What follows it goes out with it.
                continue;
            }
            $this->event($this->feed->keys($delivery->keys)[0], $delivery->item, $start);
            // What was read is sent before more is looked for: that is latency saved.
            if (
                strlen($this->out) >= self::WRITE_AT
                || !$this->feed->hasReady()
                || $callbacks->seeEvents() && Pace::now() - $began >= self::SLICE
            ) {
                return false;
            }
        }

        return false;
    }

    /**
     * Ends a stream that has sent what is pending and doesn't stay.
     */
    private function leave(): StreamEnd
    {
        if ($this->plan->follow) {
            $why = $this->plan->workerStreams > 0 ? Voice::NO_SLOT : Voice::NO_PLACE;

            return $this->endWith($why, StreamEnd::Full);
        }

        return $this->outage === null
            ? StreamEnd::CaughtUp
            : $this->endWith(Voice::STORE_AWAY, StreamEnd::Failed);
    }

    /**
     * Tells the client to come back later, and why.
     */
    private function endWith(string $why, StreamEnd $end): StreamEnd
    {
        $this->out .= Voice::putOff($why);
        $this->flush();

        return $end;
    }

    /**
     * Runs `collect` and `onLoop`, if they are due; true if it came back in a child that it forked.
     */
    private function loop(): bool
    {
        if (!$this->plan->callbacks->loops() || Pace::now() < $this->loops) {
            return false;
        }
        $this->plan->callbacks->collect($this->plan->keys);
        if (!$this->isForked()) {
            $this->plan->callbacks->loop();
        }
        $this->loops = Pace::now() + $this->plan->poll;

        return $this->isForked();
    }

    /**
     * What a stream opens with, unless it was said already.
     */
    private function greet(string $cursor): void
    {
        if ($this->greeting === null) {
            return;
        }
        $this->out .= Voice::greeting($this->plan->retry, $cursor, $this->plan->connected ? $this->greeting : null);
        $this->greeting = null;
    }

    /**
     * @param list<\Sse\Polyfill\Key> $keys
     */
    private function gap(array $keys, Gap $gap): void
    {
        Journal::log(Voice::gapLine($keys, $gap) . '; the client is told');
        $this->out .= Frame::gap($this->feed->cursor(), $keys, $gap);
        $this->lastId = null;
    }

    /**
     * @param string $start the cursor before the event, as long as the greeting waits for it
     */
    private function event(Key $key, Event $event, string $start): void
    {
        $callbacks = $this->plan->callbacks;
        if ($callbacks->seeEvents() && $this->hasFailed($key, $event->id)) {
            Journal::log(sprintf(
                'event %s of key %s is skipped: beforeSend ended the script at it %d times',
                $event->id->text(),
                $key->shown(),
                self::FAILURES,
            ));

            return;
        }
        $this->handled = [$key, $event->id];
        $outcome = $callbacks->outcome($key, $event);
        $this->handled = null;
        $cursor = $this->feed->cursor();
        if ($outcome instanceof Draft) {
            $this->greet($start);
            $this->lastId = [strlen($this->out) + Frame::BEFORE_ID, strlen($cursor)];
            $this->out .= Frame::event($cursor, $outcome->name ?? $this->plan->eventName, $outcome->wireJson());
        } elseif ($outcome === Withheld::Gone && !$this->feed->isFresh()) {
            $this->greet($start);
            $this->gap([$key], new Gap($this->feed->before(), $event->id));
        } elseif ($outcome === Withheld::Gone && $this->lastId !== null) {
            // Nothing that this client has missed; the id before it covers it, if that wasn't written yet.
            $this->out = substr_replace($this->out, $cursor, ...$this->lastId);
            $this->lastId[1] = strlen($cursor);
        }
    }

    /**
     * Whether the script has ended at an event too often.
     */
    private function hasFailed(Key $key, EventId $id): bool
    {
        $name = "k$key->bytes";
        $this->failures[$name] ??= $this->store->failures($key)->all();

        return ($this->failures[$name][$id->text()] ?? 0) >= self::FAILURES;
    }

    /**
     * Writes what is there; false if the client is gone.
     */
    private function flush(): bool
    {
        if ($this->isForked()) {
            return false;
        }
        if ($this->out === '') {
            return true;
        }
        [$out, $this->out, $this->lastId] = [$this->out, '', null];
        $isThere = $this->response->send($out);
        $this->schedule->wrote();

        return $isThere;
    }

    /**
     * Whether a closure forked, and this is the child coming back from it.
     */
    private function isForked(): bool
    {
        return $this->process !== System::process();
    }

    /**
     * Sleeps until there is something to do; true if the server was told to stop.
     */
    private function wait(): bool
    {
        $until = min($this->schedule->next(), $this->room->due(), $this->outage->until ?? INF);
        if ($this->plan->callbacks->loops()) {
            $until = min($until, $this->loops);
        }
        do {
            if ($this->pace->pause($until)) {
                return true;
            }
            if ($this->outage === null && $this->feed->look()) {
                return false;
            }
        } while (Pace::now() < $until && !$this->pace->shutsDown());

        return false;
    }
}
