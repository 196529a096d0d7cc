import { fileURLToPath } from 'node:url';
import { Conversation } from './conversation.js';
import { Crowd } from './crowd.js';
import { readOr } from './directories.js';
import { numbers } from './numbers.js';
import { needFiles } from './processes.js';
import { Pusher } from './pusher.js';
import { RawStream } from './raw.js';
import { until, within } from './until.js';

export const php = process.env.SSE_PHP || 'php';
export const extension = process.env.SSE_EXTENSION
    || fileURLToPath(new URL('../../target/release/libsse.so', import.meta.url));
/** Whether plain PHP stands in for the extension: the file that each script begins with. */
export const isPlain = extension.endsWith('.php');
/** Why a test says nothing of plain PHP. */
export const notInPlainPhp = (why) => ({ skip: isPlain && `plain PHP: ${why}` });
/**
 * Settings of plain PHP, which can't see how many workers there are, nor that a client left before it writes to it.
 */
export const plainSettings = isPlain ? ['sse.worker_streams=64', 'sse.heartbeat=1'] : [];
const script = fileURLToPath(new URL('stack.php', import.meta.url));
const docroot = fileURLToPath(new URL('public', import.meta.url));

/**
 * A web server and a PHP-FPM of our own, with two workers unless told otherwise; see stack.php for the options.
 * Clients that reconnect do so after a tenth of a second, so that tests are quick.
 * The last argument may be an object: env, for the servers, which gives them more than they have.
 */
export async function startStack(...options) {
    const { env = {} } = typeof options.at(-1) === 'object' ? options.pop() : {};
    const program = new Conversation(php, [
        script, ...(options.includes('--app') ? [] : ['--docroot', docroot]),
        '--extension', extension, '--workers', '2', '--ini', 'sse.retry=100',
        ...plainSettings.flatMap((setting) => ['--ini', setting]), ...options,
    ], { env: { ...process.env, ...env } });

    return new Stack(program, await program.hear());
}

/** One that ends with the test. */
export async function startStackFor(t, ...options) {
    const stack = await startStack(...options);
    t.after(() => stack.stop());

    return stack;
}

/** What the program said of itself (url, dir, store, pids …) is among its properties. */
class Stack {
    #program;
    #pusher = null;

    constructor(program, facts) {
        this.#program = program;
        Object.assign(this, facts);
    }

    /** Pushes by a program beside the servers. */
    push(...event) {
        this.#pusher ??= new Pusher(this.php, this.flags);

        return this.#pusher.push(...event);
    }

    pushNumbers(key, first, last) {
        return Promise.all(numbers(first, last).map((number) => this.push(key, number)));
    }

    /** "quit" (gracefully), "stop", "start" or "reload". */
    fpm(command) {
        return this.#program.ask(`fpm ${command}`);
    }

    /** "stop" or "start". */
    web(command) {
        return this.#program.ask(`web ${command}`);
    }

    async stop() {
        await this.#pusher?.close();
        await this.#program.close();
    }

    stream(key, query = {}) {
        return streamUrl(this.url, key, query);
    }

    /** As many clients as wanted, all of one key. */
    crowd(t, count, key, query = {}) {
        needFiles(2 * count + 200);
        const crowd = new Crowd(numbers(1, count).map(() => this.stream(key, query)));
        t.after(() => crowd.leave());

        return crowd;
    }

    /** A stream of noted.php, and what it noted; see there for the query. */
    async openNoted(t, key, query = {}) {
        const note = `note of ${key}`;
        const url = this.stream(key, { ...query, note }).replace('/stream.php', '/noted.php');
        const stream = await RawStream.open(url);
        t.after(() => stream.leave());

        return { stream, note: () => this.note(note) };
    }

    note(key) {
        return until(
            async () => JSON.parse(await this.page(`/read.php?key=${encodeURIComponent(key)}`))[0],
            `for the ${key}; ${this.logs()}`,
        );
    }

    /** The text of an ordinary page. */
    async page(path = '/ping.php', init = {}) {
        const answer = await within(fetch(this.url + path, init), `for ${path}`);
        const text = await answer.text();
        if (!answer.ok) {
            throw new Error(`${path} answered ${answer.status}: ${text}`);
        }

        return text;
    }

    async status(init) {
        return JSON.parse(await this.page('/status.php', init));
    }

    /** The hub's pid, from its status, once it serves. */
    async pid() {
        return (await this.status()).hub.pid;
    }

    async streams() {
        return (await this.status()).hub?.streams ?? 0;
    }

    /** Waits until the hub holds so many streams. */
    async holds(count, deadlineMs = undefined) {
        let streams;
        await until(async () => {
            streams = await this.streams();

            return streams === count;
        }, () => `for a hub with ${count} streams, it has ${streams}; ${this.logs()}`, deadlineMs);
    }

    /** What the servers and the hub logged, shortened to its end. */
    logs() {
        return ['nginx.log', 'fpm.log', 'fpm.out', 'hub/hub.log']
            .map((name) => [name, readOr(`${this.dir}/${name}`, '').slice(-1000)])
            .filter(([, text]) => text)
            .map(([name, text]) => `${name}: ${text}`)
            .join('\n');
    }

    /** The lines that PHP wrote to its error log, which nginx keeps, that speak of the hub. */
    complaints() {
        return readOr(`${this.dir}/nginx.log`, '').match(/PHP message: .*hub.*/gi) ?? [];
    }
}

/** The address of stream.php for one key or several, with further parameters; options are sent as JSON. */
export function streamUrl(base, key, { options, ...query } = {}) {
    const url = new URL('/stream.php', base);
    for (const one of [key].flat()) {
        url.searchParams.append(Array.isArray(key) ? 'key[]' : 'key', one);
    }
    for (const [name, value] of Object.entries(query)) {
        url.searchParams.set(name, value);
    }
    if (options) {
        url.searchParams.set('options', JSON.stringify(options));
    }

    return url.href;
}
