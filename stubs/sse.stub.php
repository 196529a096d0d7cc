<?php
declare(strict_types=1);

/**
 * The extension `sse`, as PHP sees it: for people, IDEs and static analysis. Never loaded by PHP.
 *
 * A test compares it with the extension (`tests/phpt/stub_says_what_the_extension_is.phpt`).
 *
 * What the arguments of all functions have in common:
 * - a **key** is 1 to 1,024 bytes without NUL; a number counts as its string;
 * - an **event name** is UTF-8, 1 to 65,536 bytes, without CR, LF and NUL;
 * - **durations** are seconds, fractions allowed, as a number or numeric string;
 * - an **id** is an event's, as `push()` and `read()` answer it: `ms-seq`;
 * - `dsn` is the store to use in place of the settings `sse.dsn` and `sse.dir`:
 *   `file:///absolute/path/of/an/existing/directory`, `sqlite:///absolute/path/of/a/file`, `redis://host`,
 *   `rediss://host` or `redis+unix:///path/of/a/socket` (docs/settings.md has what these can carry);
 * - an option that is null counts as left out, one that doesn't exist is an exception that names the nearest.
 *
 * A setting (`sse.*`) whose value can't be used is an exception at the first call that needs it.
 */

namespace Sse;

/**
 * Publishes one event under a key.
 *
 * The data is encoded once, by PHP's own `json_encode()` with its default flags, and goes to clients as that text.
 * Without `$event`, a non-empty string in the member `event` of an array or object names the event and is left out on
 * the wire; otherwise the event has the stream's `eventName`. The names `error` and `open`, which are EventSource's own
 * events, and `connected` and `sse-gap`, which are the stream's, are refused.
 *
 * The event is kept as long as `sse.retention_seconds`, `sse.retention_events` and `sse.retention_bytes` say.
 *
 * @param string $key whom it is for
 * @param mixed $data anything `json_encode()` takes, at most `sse.max_payload` bytes as JSON (1 MiB)
 * @param string|null $event its name; wins over the data's member `event`, which then stays in the data
 * @param array{external?: bool, after?: string, dsn?: string} $options
 *   - external (false): the data is only a reference; each stream gets the payload by its option `fetch`, and the
 *     reference names nothing
 *   - after: an id. The event is stored only if nothing was stored in the key since that event, which may be gone by
 *     now; with '0-0', only if the key has no event. Nobody else can store one in between
 *   - dsn: see above
 * @return non-empty-string|null the event's id, `ms-seq`; rises strictly within the key; valid as `lastEventId` of a
 *   stream of this one key. Null only with `after`: something was stored since, or the key never had that id; nothing
 *   was stored
 * @throws \Sse\InvalidArgumentException for a key, name, id, option or setting that can't be used, and for data that
 *   can't be encoded or is too large; nothing was stored
 * @throws \Sse\StoreException when the store can't keep the event: its directory is missing, refuses this user, is full
 *   or stayed locked for 2 s; nothing was stored
 * @throws \TypeError for an argument of another type
 * @throws \Throwable what a `JsonSerializable` in the data throws, as it is
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation "9.2.6"
 */
function push(string $key, mixed $data, ?string $event = null, #[\SensitiveParameter] array $options = []): ?string
{
}

/**
 * The data as `push()` would keep it, and nothing is kept: for applications that check an event early, or keep its
 * payload themselves.
 *
 * @param mixed $data as in `push()`
 * @param string|null $event as in `push()`
 * @return non-empty-string JSON, with the member `event` if the data has one
 * @throws \Sse\InvalidArgumentException for what `push()` would refuse: a name, `$event` or in the data, or a setting
 *   that can't be used, data that can't be encoded, or more than `sse.max_payload` bytes
 * @throws \TypeError for an argument of another type
 * @throws \Throwable what a `JsonSerializable` in the data throws, as it is
 */
function encode(mixed $data, ?string $event = null): string
{
}

/**
 * Answers the request with a stream of events, and returns when it ends.
 *
 * It adds the headers that the response doesn't carry yet (`Content-Type: text/event-stream;charset=UTF-8`,
 * `Cache-Control: no-cache`, `X-Accel-Buffering: no`), and sets right what isn't true of a stream, whoever set it:
 * another charset (`default_charset`), a `Cache-Control` that lets others keep it, `X-Accel-Buffering: yes`,
 * `Content-Length`, `Content-Encoding`, `Transfer-Encoding`, `Content-Range`, `X-Accel-Charset`. It ends output buffers,
 * runs what `header_register_callback()` was given, closes the session, and lifts the time limit while it runs. From
 * then on nothing else that PHP prints reaches the client. On the command line it prints the frames.
 *
 * The closures see payloads as `json_decode(…, true)` gives them. What they print or throw goes to PHP's error log, and
 * the stream goes on; an event whose closure threw counts as sent. A fatal error or `exit` ends the script, and the
 * client resumes at that event; if that happens a second time, the event is skipped.
 *
 * @param list<string>|string $keys one key or 1 to 64 of them
 * @param array{
 *     eventName?: string,
 *     heartbeat?: float|int|numeric-string,
 *     poll?: float|int|numeric-string,
 *     fetch?: callable(mixed): (array{mixed}|null),
 *     beforeSend?: callable(mixed): mixed,
 *     shared?: bool,
 *     collect?: callable(string): void,
 *     onLoop?: callable(): void,
 *     lastEventId?: string,
 *     replay?: 'last'|'none'|'all'|non-negative-int,
 *     retry?: int|non-empty-string,
 *     lifetime?: float|int|numeric-string,
 *     handoff?: 'auto'|'never'|'require',
 *     connected?: bool,
 *     follow?: bool,
 *     dsn?: string,
 * } $options
 *   - eventName ('message'): name of events that have none
 *   - heartbeat (`sse.heartbeat`, 25; 1 to 3600 s): after so long without a byte, a comment is sent
 *   - poll (2; 0.05 to 3600 s): pause between two calls of `collect`, and of `onLoop`
 *   - fetch: gets the reference of an external event; answers a list of one element, the payload, or null if that is
 *     gone: then the client is told of a gap. Without it every external event is a gap
 *   - beforeSend: gets an event's payload (what `fetch` answered, for an external one) and answers what to send in its
 *     place; a falsy result sends nothing. A result of its own may name the event by its member `event`
 *   - shared (false): whether `beforeSend` makes the same of an event for every client. Then the hub has it run once
 *     for all streams of the same path, keys and options, whatever their query says
 *   - collect: gets a key, and pushes what others have put elsewhere for it; runs every `poll` seconds, in the hub's
 *     streams once for all of the same path, keys and options
 *   - onLoop: runs once at the start, then every `poll` seconds, events or not; for a stream that the hub has no more
 *     often than `sse.recall_interval`
 *   - lastEventId (the request's header `Last-Event-ID`, else `?lastEventId=`): what the client has: a cursor, or, with
 *     one key, an event's id. Anything else counts as none
 *   - replay ('last'): what a client without a cursor gets first of each key: its newest event ('last'), nothing
 *     ('none'), all that is kept ('all'), or so many newest events
 *   - retry (`sse.retry`, '1000-4000'; 0 to 3600000 ms): pause before the client connects again, or a range 'from-to'
 *     that it is drawn from
 *   - lifetime (`sse.lifetime`, 3600; 0 to 604800 s, 0 for no end): after 80 to 100 % of it the stream ends cleanly and
 *     the client resumes
 *   - handoff ('auto'): under PHP-FPM the stream is handed to the hub, which frees the worker, and this function returns
 *     `HandedOff` at once; what the script prints after that reaches nobody. With closures it returns when they had
 *     their turn for what was pending; when something is due again the hub makes the request anew (a recall), in which
 *     this function returns `Recalled`. Where that can't be the worker streams. 'never': the worker streams; 'require':
 *     the hub or an exception
 *   - connected (true): whether the event `connected`, `{"time": "H:i:s"}`, comes first
 *   - follow (true): false ends the stream when nothing is pending any more (`CaughtUp`): what was there went through
 *     the closures, and `onLoop` ran once. For tests, and for clients that poll; such a stream isn't handed to the hub
 *   - dsn: see above
 * @return \Sse\StreamEnd why it ended
 * @throws \Sse\InvalidArgumentException for keys, options or settings that can't be used; no byte was sent
 * @throws \Sse\StreamException when the response can't become a stream: another status than 200, another Content-Type,
 *   a header that has the web server send a file, headers that were sent and are not those of a stream, or a stream is open already; or `handoff` is 'require' and the hub can't take it; no byte was sent
 * @throws \Sse\StoreException when the store can't be read; no byte was sent
 * @throws \TypeError for an argument of another type
 * @throws \Throwable what a signal's handler (`pcntl_async_signals()`) throws while the stream waits
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream "9.2.5"
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header "9.2.4"
 */
function stream(array|string $keys, #[\SensitiveParameter] array $options = []): StreamEnd
{
}

/**
 * A dry run of `stream()` with the same arguments, for applications that want to know early: throws what that would
 * throw before its first byte.
 *
 * Keys, options, settings, the store and the response, as it is by now, are looked at. Nothing is sent and no header is
 * set; output buffers and the session stay as they are; no closure is called and no hub is asked or started. So with
 * `handoff` 'require' only what is known without the hub is an exception.
 *
 * @param list<string>|string $keys as in `stream()`
 * @param array{
 *     eventName?: string,
 *     heartbeat?: float|int|numeric-string,
 *     poll?: float|int|numeric-string,
 *     fetch?: callable(mixed): (array{mixed}|null),
 *     beforeSend?: callable(mixed): mixed,
 *     shared?: bool,
 *     collect?: callable(string): void,
 *     onLoop?: callable(): void,
 *     lastEventId?: string,
 *     replay?: 'last'|'none'|'all'|non-negative-int,
 *     retry?: int|non-empty-string,
 *     lifetime?: float|int|numeric-string,
 *     handoff?: 'auto'|'never'|'require',
 *     connected?: bool,
 *     follow?: bool,
 *     dsn?: string,
 * } $options
 *   as in `stream()`
 * @return void
 * @throws \Sse\InvalidArgumentException for keys, options or settings that can't be used
 * @throws \Sse\StreamException when the response can't become a stream
 * @throws \Sse\StoreException when the store can't be read
 * @throws \TypeError for an argument of another type
 */
function check(array|string $keys, #[\SensitiveParameter] array $options = []): void
{
}

/**
 * The events of a key that are kept, oldest first: the first of them, or, with a negative `$limit`, the last.
 *
 * Where some are missing (dropped by retention, damaged by hand), an entry stands in their place whose field `gap` is
 * true: its event is `sse-gap`, its data `{keys: list<string>, from: string, to: string}`: those after `from` up to `to`
 * are gone. It doesn't count for `$limit`. That there are more events than a negative `$limit` asks for is no gap.
 *
 * @param string $key whose; one that nobody pushed to has none
 * @param string|null $after id of the last event that isn't wanted any more; null for all that are kept
 * @param int $limit 1 to 100,000; or -1 to -100,000: the newest so many, without reading what lies before them
 * @param array{dsn?: string} $options
 * @return list<array{id: non-empty-string, time: float, event: ?string, data: mixed, external: bool, gap: bool}>
 *   time: when it was stored, in seconds since 1970 and milliseconds' steps, by the clock of that moment (its
 *   id may be ahead of it); event: its name, if it has one; data: as
 *   `json_decode(…, true)` gives it, the member `event` included; external: data is only a reference; gap: this is no
 *   event, see above
 * @throws \Sse\InvalidArgumentException for a key, id, limit, option or setting that can't be used
 * @throws \Sse\StoreException when the store can't be read
 * @throws \TypeError for an argument of another type
 */
function read(string $key, ?string $after = null, int $limit = 100, #[\SensitiveParameter] array $options = []): array
{
}

/**
 * "Now", as a cursor: put into a page, it makes that page's stream begin right here, so that nothing is lost before it
 * connects: `new EventSource('/events?lastEventId=' + cursor)`.
 *
 * @param list<string>|string $keys the stream's keys, in any order
 * @param array{dsn?: string} $options
 * @return non-empty-string letters, digits, `-` and `_`; at most 128 of them for 8 keys
 * @throws \Sse\InvalidArgumentException for keys, options or settings that can't be used
 * @throws \Sse\StoreException when the store can't be read
 * @throws \TypeError for an argument of another type
 * @see https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte why it is so plain and short
 */
function cursor(array|string $keys, #[\SensitiveParameter] array $options = []): string
{
}

/**
 * What serves this process, and what is wrong with it.
 *
 * @param array{dsn?: string} $options
 * @return array{version: string, tier: string, why: ?string, engine: string, store: string, problem: ?string, signal: string, signal_why: ?string, hub: ?array{pid: int, streams: int, max_streams: int, taken: int, keys: int, events: int, bytes: int, recalls: int, recalls_waiting: int, recalls_oldest_ms: int, socket: string, signal: string, last_error: ?string}}
 *   - version: of the extension
 *   - tier: `hub`: a stream is handed to the hub and frees its PHP worker; `worker`: it holds it
 *   - why: why the tier isn't `hub`; null if it is
 *   - engine: `file`, `sqlite` or `redis`
 *   - store: the directory, or the data source name without its password
 *   - problem: why no stream can begin, with the remedy: a wrong setting, or a store that can't be used; null if all is
 *     well
 *   - signal: what wakes streams that a worker holds: `inotify`, `notify` or `poll`, with Redis `redis`; `unknown` while a
 *     setting is wrong
 *   - signal_why: why that isn't the best one; null if it is
 *   - hub: the hub of this user, null if none runs now: its process, streams that are open and that it would take,
 *     streams taken since it began, keys followed, events and bytes written to clients, recalls that were answered, that
 *     wait, and for how long the first of those has, its socket and signals, and the last thing that went wrong
 * @throws \Sse\InvalidArgumentException for an option or setting that can't be used
 * @throws \TypeError for an argument of another type
 */
function status(#[\SensitiveParameter] array $options = []): array
{
}

/**
 * Whether this request is a recall: one that the hub makes anew, since something is due in a stream that it has. The
 * code before `stream()` runs again then; with this it can leave out what is to happen once for each visitor, as a
 * counter.
 *
 * @see docs/recall.md
 */
function recalling(): bool
{
}

/**
 * Runs the hub in this process, until SIGTERM or SIGINT; on the command line only. Streams start one by themselves: this
 * is for a service manager. With no end by itself (`idle` 0) it takes the place of one that a worker has started there.
 *
 * @param array{idle?: float|int|numeric-string} $options
 *   - idle (0; 0 to 86400 s): it ends after so long without a stream; 0 for never
 * @return int 0, for `exit()`
 * @throws \Sse\StreamException when it can't run: another one does, or its directory can't be used
 * @throws \Sse\InvalidArgumentException for an option or setting that can't be used
 * @throws \TypeError for an argument of another type
 */
function hub(array $options = []): int
{
}

/**
 * Sets settings for the rest of the request (on the command line: of the process), like `ini_set()`: all of them, or
 * none if one can't be used.
 *
 * @param array<string, bool|float|int|string> $settings by name, with or without `sse.`; see docs/settings.md
 * @throws \Sse\InvalidArgumentException for a setting that doesn't exist or a value that can't be used; none was set
 * @throws \TypeError for an argument of another type
 */
function configure(#[\SensitiveParameter] array $settings): void
{
}

/**
 * Why a stream ended. In each case but `ClientLeft` the client connects again and resumes.
 */
enum StreamEnd: string
{
    /** The client closed the connection. */
    case ClientLeft = 'client-left';
    /** Its lifetime is over. */
    case Lifetime = 'lifetime';
    /** The server stops. */
    case Shutdown = 'shutdown';
    /** The hub has the client now, and streams to it. */
    case HandedOff = 'handed-off';
    /** A HEAD request: only headers were sent. */
    case Head = 'head';
    /**
     * No place of `sse.worker_streams` or `sse.max_streams` is free, or pages need the worker: the client is to come
     * back in 3 to 15 s.
     */
    case Full = 'full';
    /** The hub had asked for what was due, and has it now. */
    case Recalled = 'recalled';
    /** Nothing is pending any more, and the option `follow` is false. */
    case CaughtUp = 'caught-up';
    /** The store failed; the reason is in PHP's error log. */
    case Failed = 'failed';
}

/**
 * Implemented by every exception of this extension.
 */
interface Exception extends \Throwable
{
}

/**
 * Something was passed, or set, that can't be used. Nothing was stored or sent.
 */
class InvalidArgumentException extends \InvalidArgumentException implements Exception
{
}

/**
 * The store can't do what was asked. Nothing is half-written.
 */
class StoreException extends \RuntimeException implements Exception
{
}

/**
 * The response can't become a stream. No byte was sent.
 */
class StreamException extends \RuntimeException implements Exception
{
}
