<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Closure;
use Sse\StreamEnd;

/**
 * The functions that PHP sees, by their arguments: each reads them, calls the library and answers.
 */
final class Api
{
    /** As the extension's. */
    public const VERSION = '0.1.0';

    /**
     * `Sse\push()`.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function push(mixed $key, mixed $data, mixed $event, mixed $options): ?string
    {
        $key = Arguments::key($key);
        $name = self::about($key, static fn(): ?string => Arguments::eventName($event));
        $options = Options::of($options, ['external', 'after', 'dsn']);
        $directory = $options->directory();
        $isExternal = $options->switch('external') ?? false;
        $after = self::after($options);

        $draft = self::about($key, static function () use ($data, $name, $isExternal): Draft {
            $json = Json::encode($data);

            return $isExternal ? Draft::external($json, $name) : Draft::of($json, $name);
        });
        $store = Stores::open($directory);

        return self::about($key, static fn(): ?string => $store->append($key, $draft, $after)?->text());
    }

    /**
     * `Sse\encode()`.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function encode(mixed $data, mixed $event): string
    {
        $draft = Draft::of(Json::encode($data), Arguments::eventName($event));
        Settings::store()->checkSize($draft);

        return $draft->json;
    }

    /**
     * `Sse\stream()`.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function stream(mixed $keys, mixed $options): StreamEnd
    {
        [$plan, $response] = self::planned($keys, $options, 'Sse\stream');
        if (Response::isHead()) {
            $response->setHeaders();

            return StreamEnd::Head;
        }
        $plan->checkHandoff();
        $plan->spareTheOnlyProcess();

        return Stream::run($plan, $response);
    }

    /**
     * `Sse\check()`.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function check(mixed $keys, mixed $options): void
    {
        [$plan] = self::planned($keys, $options, 'Sse\check');
        if (Response::isHead()) {
            return;
        }
        $plan->checkHandoff();
        try {
            Feed::now(Stores::open($plan->directory), $plan->keys);
        } catch (Failure $failure) {
            if (!Stream::putsOff($failure)) {
                throw $failure->of(Key::names($plan->keys));
            }
        }
    }

    /**
     * `Sse\read()`.
     *
     * @return list<array{id: string, time: float, event: string|null, data: mixed, external: bool, gap: bool}>
     * @throws \Sse\Polyfill\Failure
     */
    public static function read(mixed $key, mixed $after, mixed $limit, mixed $options): array
    {
        $key = Arguments::key($key);
        $after = Arguments::id($after, 'after');
        $limit = Arguments::limit($limit);
        $store = Stores::open(Options::of($options, ['dsn'])->directory());
        $items = self::about($key, static fn(): array => $store->read($key, $after, $limit));
        $entries = [];
        foreach (self::times($items, EventId::nowMillis()) as $index => $millis) {
            $item = $items[$index];
            $isGap = $item instanceof Gap;
            $entries[] = [
                'id' => $item->end()->text(),
                'time' => $millis / 1_000.0,
                'event' => $isGap ? Frame::GAP : $item->draft->name,
                'data' => Json::decode($isGap ? Frame::gapJson([$key], $item) : $item->draft->json),
                'external' => !$isGap && $item->draft->external,
                'gap' => $isGap,
            ];
        }

        return $entries;
    }

    /**
     * `Sse\cursor()`.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function cursor(mixed $keys, mixed $options): string
    {
        $keys = Arguments::keys($keys);

        return Feed::now(Stores::open(Options::of($options, ['dsn'])->directory()), $keys);
    }

    /**
     * `Sse\status()`.
     *
     * @return array{version: string, tier: string, why: string|null, engine: string, store: string, problem: string|null, signal: string, signal_why: string|null, hub: null}
     * @throws \Sse\Polyfill\Failure
     */
    public static function status(mixed $options): array
    {
        $directory = Options::of($options, ['dsn'])->directory();

        return [
            'version' => self::VERSION,
            'tier' => 'php',
            'why' => 'the extension sse is not loaded: with it, streams wake within a millisecond, notice at once that a '
                . 'client left, give way to pages by themselves, and under PHP-FPM leave their workers to others; '
                . 'files, cursors and code stay as they are',
            'engine' => 'file',
            'store' => $directory,
            'problem' => Stores::problem($directory),
            'signal' => 'poll',
            'signal_why' => 'PHP code can only look at the files, every 5 to 100 ms',
            'hub' => null,
        ];
    }

    /**
     * `Sse\configure()`.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function configure(mixed $settings): void
    {
        if (!is_array($settings)) {
            throw Failure::type('settings must be an array, ' . Options::typeName($settings) . ' given');
        }
        Settings::configure($settings);
    }

    /**
     * A stream as it was asked for, and the response that is to become it.
     *
     * @return array{\Sse\Polyfill\Plan, \Sse\Polyfill\Response}
     */
    private static function planned(mixed $keys, mixed $options, string $function): array
    {
        $plan = Plan::of($keys, $options, Boundary::callerClass($function));
        Stores::openForStream($plan->directory);
        Settings::check('signal');

        return [$plan, Response::check()];
    }

    private static function after(Options $options): ?EventId
    {
        $text = $options->string('after');
        try {
            return $text === null ? null : EventId::parse($text) ?? throw Failure::invalidId($text);
        } catch (Failure $failure) {
            throw $failure->of('option "after"');
        }
    }

    /**
     * When each of these was stored, in milliseconds since 1970. A time behind that of a later event, or behind now, is
     * of a clock that was ahead: it was not later than that. Of a gap it is when it ended.
     *
     * @param list<\Sse\Polyfill\Event|\Sse\Polyfill\Gap> $items
     * @return list<int>
     */
    private static function times(array $items, int $nowMillis): array
    {
        // An id may be ahead of the clock by so much without saying another time.
        $latest = $nowMillis + EventId::NEARLY;
        $times = [];
        foreach (array_reverse($items) as $item) {
            if ($item instanceof Event) {
                $latest = min($latest, $item->storedMillis);
                $times[] = $latest;
            } else {
                $times[] = min($latest, $item->to->millis);
            }
        }

        return array_reverse($times);
    }

    /**
     * @template T
     * @param \Closure(): T $action
     * @return T
     */
    private static function about(Key $key, Closure $action): mixed
    {
        try {
            return $action();
        } catch (Failure $failure) {
            throw $failure->kind === Kind::Type ? $failure : $failure->of("key {$key->shown()}");
        }
    }
}
