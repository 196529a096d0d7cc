<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Closure;

/**
 * A stream as it was asked for.
 */
final class Plan
{
    /** Its options. */
    public const OPTIONS = [
        'eventName',
        'heartbeat',
        'poll',
        'fetch',
        'beforeSend',
        'shared',
        'collect',
        'onLoop',
        'lastEventId',
        'replay',
        'retry',
        'lifetime',
        'handoff',
        'connected',
        'follow',
        'dsn',
    ];

    /**
     * @param list<\Sse\Polyfill\Key> $keys the keys to follow
     * @param string|null $client what the client says it has
     * @param string $eventName name of events that carry none
     * @param float $heartbeat pause after which an idle stream sends a comment, in seconds, like those that follow
     * @param float $poll pause between calls of `collect` and of `onLoop`
     * @param \Sse\Polyfill\Replay $replay what a client without a cursor gets first
     * @param array{int, int} $retry milliseconds from which the client's pause is drawn
     * @param float $lifetime how long it may live; 0 for no end
     * @param bool $connected whether `connected` is sent
     * @param bool $follow whether it stays when nothing is pending any more
     * @param int $workerStreams streams that may hold a worker at a time; 0 for as many as seem right
     * @param \Sse\Polyfill\Callbacks $callbacks the application's closures
     * @param string $directory the store's
     * @param bool $requiresHub whether it's the hub or an exception
     */
    private function __construct(
        public readonly array $keys,
        public readonly ?string $client,
        public readonly string $eventName,
        public readonly float $heartbeat,
        public readonly float $poll,
        public readonly Replay $replay,
        public array $retry,
        public float $lifetime,
        public readonly bool $connected,
        public readonly bool $follow,
        public readonly int $workerStreams,
        public readonly Callbacks $callbacks,
        public readonly string $directory,
        private bool $requiresHub,
    ) {
    }

    /**
     * Reads the arguments of `Sse\stream()`.
     *
     * @param class-string|null $scope the class of the code that passes them
     * @throws \Sse\Polyfill\Failure
     */
    public static function of(mixed $keys, mixed $options, ?string $scope): self
    {
        $keys = Arguments::keys($keys);
        $options = Options::of($options, self::OPTIONS);
        $eventName = self::eventName($options);
        $heartbeat = $options->seconds('heartbeat', Settings::HEARTBEATS) ?? Settings::seconds('heartbeat');
        $poll = $options->seconds('poll', Settings::POLLS) ?? 2.0;
        $replay = self::replay($options);
        $retry = $options->retry('retry') ?? Settings::retry();
        $lifetime = $options->seconds('lifetime', Settings::LIFETIMES) ?? Settings::seconds('lifetime');
        $connected = $options->switch('connected') ?? true;
        $workerStreams = Settings::number('worker_streams');
        $client = $options->string('lastEventId') ?? self::lastEventId();
        $callable = static fn(string $name): ?Closure => $options->callable($name, $scope);
        $callbacks = new Callbacks(
            $callable('fetch'),
            $callable('beforeSend'),
            $callable('collect'),
            $callable('onLoop'),
        );
        // It matters to the hub alone.
        $options->switch('shared');
        $follow = $options->switch('follow') ?? true;
        $requiresHub = self::requiresHub($options);

        return new self(
            $keys,
            $client,
            $eventName,
            $heartbeat,
            $poll,
            $replay,
            $retry,
            $lifetime,
            $connected,
            $follow,
            $workerStreams,
            $callbacks,
            $options->directory(),
            $requiresHub,
        );
    }

    /**
     * Refuses a stream that must go to the hub.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function checkHandoff(): void
    {
        Settings::check('hub');
        if ($this->requiresHub) {
            throw Failure::stream('the option "handoff" is "require", and the hub can\'t take this stream: ' . match (true) {
                !$this->follow => 'the option "follow" is false, so the stream ends at once',
                PHP_SAPI !== 'fpm-fcgi' => 'only under PHP-FPM can a connection be handed over',
                default => 'the hub is in the extension sse, which isn\'t loaded',
            });
        }
    }

    /**
     * `php -S` has one process unless told otherwise; a stream that stayed would stop the site.
     */
    public function spareTheOnlyProcess(): void
    {
        if (PHP_SAPI !== 'cli-server' || getenv('PHP_CLI_SERVER_WORKERS') !== false || !$this->follow) {
            return;
        }
        $this->lifetime = 1.0;
        $this->retry = [500, 500];
        Journal::log(
            'php -S serves one request at a time, so this stream ends after a second and its client comes back; '
            . 'start it with PHP_CLI_SERVER_WORKERS=8 to keep streams open',
        );
    }

    private static function eventName(Options $options): string
    {
        $name = $options->string('eventName');
        try {
            return $name === null ? 'message' : EventName::checked($name);
        } catch (Failure $failure) {
            throw $failure->of('option "eventName"');
        }
    }

    private static function replay(Options $options): Replay
    {
        $value = $options->get('replay') ?? 'last';

        return match (true) {
            $value === 'last' => new Replay(1),
            $value === 'none' => new Replay(0),
            $value === 'all' => new Replay(null),
            is_int($value) && $value >= 0 => new Replay($value),
            default => throw Options::wrong('replay', $value, '"last", "none", "all" or a number of events from 0'),
        };
    }

    private static function requiresHub(Options $options): bool
    {
        $value = $options->get('handoff') ?? 'auto';

        return in_array($value, ['auto', 'never', 'require'], true)
            ? $value === 'require'
            : throw Options::wrong('handoff', $value, '"auto", "never" or "require"');
    }

    /**
     * What the browser sends when it connects again; what a page was given, in the address.
     */
    private static function lastEventId(): ?string
    {
        // Not every PHP makes $_SERVER (variables_order).
        $header = $_SERVER['HTTP_LAST_EVENT_ID'] ?? getenv('HTTP_LAST_EVENT_ID');
        $parameter = $_GET['lastEventId'] ?? null;

        return match (true) {
            is_string($header) && $header !== '' => $header,
            is_string($parameter) => $parameter,
            default => null,
        };
    }
}
