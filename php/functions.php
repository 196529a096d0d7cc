<?php
declare(strict_types=1);

/*
 * The functions of the extension `sse`, in plain PHP. The arguments are untyped, since these read them as the extension
 * does: a number is taken for its string, and what can't be used is named in the same words.
 *
 * What the arguments of all have in common:
 * - a key is 1 to 1,024 bytes without NUL; a number counts as its string;
 * - an event name is UTF-8, 1 to 65,536 bytes, without CR, LF and NUL;
 * - durations are seconds, fractions allowed, as a number or numeric string;
 * - `dsn` is the store to use in place of the settings `dsn` and `dir`: `file:///absolute/path/of/a/directory`;
 * - an option that is null counts as left out, one that doesn't exist is an exception that names the nearest.
 */

namespace Sse;

use Sse\Polyfill\Api;
use Sse\Polyfill\Boundary;

/**
 * Publishes one event under a key.
 *
 * The data is encoded once, by `json_encode()` with its default flags, and goes to clients as that text. Without
 * `$event`, a non-empty string in the member `event` of an array or object names the event and is left out on the wire.
 *
 * @param string|int|float $key whom it is for
 * @param mixed $data anything `json_encode()` takes, at most `max_payload` bytes as JSON (1 MiB)
 * @param string|int|float|null $event its name; wins over the data's member `event`, which then stays in the data
 * @param array{external?: bool|null, after?: string|null, dsn?: string|null} $options
 *   - external (false): the data is only a reference; each stream gets the payload by its option `fetch`
 *   - after: an event's id: it is stored only if nothing was stored in the key since that one; `0-0`: only if the key
 *     has no event
 *   - dsn: see above
 * @return ($options is array{after: string} ? string|null : string) the event's id, `ms-seq`; null if something was
 *   stored behind `after`
 * @throws \Sse\InvalidArgumentException for what can't be used; nothing was stored
 * @throws \Sse\StoreException when the store can't keep the event; nothing was stored
 */
function push(mixed $key, mixed $data, mixed $event = null, #[\SensitiveParameter] mixed $options = []): ?string
{
    return Boundary::answer(
        'Sse\push',
        func_num_args(),
        [2, 4],
        static fn(): ?string => Api::push($key, $data, $event, $options),
    );
}

/**
 * The data as `push()` would keep it: JSON.
 *
 * @param mixed $data anything `json_encode()` takes
 * @param string|int|float|null $event the name it would be pushed with
 * @return string JSON
 * @throws \Sse\InvalidArgumentException for what `push()` would refuse
 */
function encode(mixed $data, mixed $event = null): string
{
    return Boundary::answer(
        'Sse\encode',
        func_num_args(),
        [1, 2],
        static fn(): string => Api::encode($data, $event),
    );
}

/**
 * Answers the request with a stream of events, and returns when it ends. From then on nothing else that PHP prints
 * reaches the client. On the command line it prints the frames.
 *
 * @param list<string|int|float>|string|int|float $keys one key or 1 to 64 of them
 * @param array{
 *     eventName?: string|null,
 *     heartbeat?: float|int|numeric-string|null,
 *     poll?: float|int|numeric-string|null,
 *     fetch?: (callable(mixed): (array{mixed}|null))|null,
 *     beforeSend?: (callable(mixed): mixed)|null,
 *     shared?: bool|null,
 *     collect?: (callable(string): void)|null,
 *     onLoop?: (callable(): void)|null,
 *     lastEventId?: string|null,
 *     replay?: 'last'|'none'|'all'|non-negative-int|null,
 *     retry?: int|non-empty-string|null,
 *     lifetime?: float|int|numeric-string|null,
 *     handoff?: 'auto'|'never'|'require'|null,
 *     connected?: bool|null,
 *     follow?: bool|null,
 *     dsn?: string|null,
 * } $options
 *   - eventName ('message'): name of events that have none
 *   - heartbeat (25; 1 to 3600 s): after so long without a byte, a comment is sent, and a client that left is noticed
 *   - poll (2; 0.05 to 3600 s): pause between two calls of `collect`, and of `onLoop`
 *   - fetch: gets the reference of an external event; answers a list of one element, the payload, or null if it is gone
 *   - beforeSend: gets an event's payload and answers what to send in its place; a falsy result sends nothing
 *   - shared (false): whether `beforeSend` makes the same of an event for every client; it matters to the hub alone
 *   - collect: gets each key, and pushes what others have put elsewhere for it; runs when `onLoop` does
 *   - onLoop: runs once at the start, then every `poll` seconds, events or not
 *   - lastEventId (the request's header, else `?lastEventId=`): what the client has: a cursor, or, with one key, an id
 *   - replay ('last'): what a client without a cursor gets first of each key
 *   - retry ('1000-4000'; 0 to 3600000 ms): pause before the client connects again, or a range that it is drawn from
 *   - lifetime (3600; 0 to 604800 s, 0 for no end): after 80 to 100 % of it the stream ends and the client resumes
 *   - handoff ('auto'): 'require' is an exception: the hub is in the extension
 *   - connected (true): whether the event `connected` comes first
 *   - follow (true): with false the stream ends when nothing is pending any more
 *   - dsn: see above
 * @return \Sse\StreamEnd why it ended
 * @throws \Sse\InvalidArgumentException for what can't be used; no byte was sent
 * @throws \Sse\StreamException when the response can't become a stream; no byte was sent
 * @throws \Sse\StoreException when the store can't be read; no byte was sent
 */
function stream(mixed $keys, #[\SensitiveParameter] mixed $options = []): StreamEnd
{
    return Boundary::answer(
        'Sse\stream',
        func_num_args(),
        [1, 2],
        static fn(): StreamEnd => Api::stream($keys, $options),
    );
}

/**
 * A dry run of `stream()` with the same arguments: throws what that would throw before its first byte. Nothing is sent,
 * no header set, no session closed.
 *
 * @param list<string|int|float>|string|int|float $keys
 * @param array<string, mixed> $options those of `stream()`
 * @throws \Sse\InvalidArgumentException for what can't be used
 * @throws \Sse\StreamException when the response can't become a stream
 * @throws \Sse\StoreException when the store can't be read
 */
function check(mixed $keys, #[\SensitiveParameter] mixed $options = []): void
{
    Boundary::answer('Sse\check', func_num_args(), [1, 2], static fn() => Api::check($keys, $options));
}

/**
 * The events of a key that are kept, oldest first. Where some are missing, an entry with the event `sse-gap` stands in
 * their place, with the data `{keys: list<string>, from: string, to: string}`; it doesn't count for `$limit`.
 *
 * @param string|int|float $key whose; one that nobody pushed to has none
 * @param string|null $after id of the last event that isn't wanted any more; null for all that are kept
 * @param numeric-string|int|null $limit 1 to 100,000; -1 to -100,000 for the newest so many
 * @param array{dsn?: string|null} $options
 * @return list<array{id: string, time: float, event: ?string, data: mixed, external: bool, gap: bool}>
 * @throws \Sse\InvalidArgumentException for what can't be used
 * @throws \Sse\StoreException when the store can't be read
 */
function read(
    mixed $key,
    mixed $after = null,
    mixed $limit = 100,
    #[\SensitiveParameter]
    mixed $options = [],
): array {
    return Boundary::answer(
        'Sse\read',
        func_num_args(),
        [1, 4],
        static fn(): array => Api::read($key, $after, $limit, $options),
    );
}

/**
 * "Now", as a cursor: put into a page, it makes that page's stream begin right here, so that nothing is lost before it
 * connects: `new EventSource('/events?lastEventId=' + cursor)`.
 *
 * @param list<string|int|float>|string|int|float $keys the stream's keys, in any order
 * @param array{dsn?: string|null} $options
 * @return string letters, digits, `-` and `_`; at most 128 of them for 8 keys
 * @throws \Sse\InvalidArgumentException for what can't be used
 * @throws \Sse\StoreException when the store can't be read
 */
function cursor(mixed $keys, #[\SensitiveParameter] mixed $options = []): string
{
    return Boundary::answer(
        'Sse\cursor',
        func_num_args(),
        [1, 2],
        static fn(): string => Api::cursor($keys, $options),
    );
}

/**
 * What serves this process, and what is wrong with it. The tier is `php`, and `why` says what the extension would change.
 *
 * @param array{dsn?: string|null} $options
 * @return array{version: string, tier: string, why: ?string, engine: string, store: string, problem: ?string, signal: string, signal_why: ?string, hub: null}
 * @throws \Sse\InvalidArgumentException for an option or setting that can't be used
 */
function status(#[\SensitiveParameter] mixed $options = []): array
{
    return Boundary::answer('Sse\status', func_num_args(), [0, 1], static fn(): array => Api::status($options));
}

/**
 * Whether the hub has made this request anew; never without the extension.
 */
function recalling(): bool
{
    return Boundary::answer('Sse\recalling', func_num_args(), [0, 0], static fn(): bool => false);
}

/**
 * Sets settings for the rest of the request (on the command line: of the process): all of them, or none if one can't be
 * used.
 *
 * @param array<string, bool|float|int|string> $settings by name, with or without `sse.`; see docs/settings.md
 * @throws \Sse\InvalidArgumentException for a setting that doesn't exist or a value that can't be used; none was set
 */
function configure(#[\SensitiveParameter] mixed $settings): void
{
    Boundary::answer('Sse\configure', func_num_args(), [1, 1], static fn() => Api::configure($settings));
}
