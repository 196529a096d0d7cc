import { readOr, sharedDirectory } from './directories.js';
import { RawStream } from './raw.js';
import { until } from './until.js';

/** Streams of closures.php in a stack, and what it noted of each run. */
export class Closures {
    directory = sharedDirectory();
    #stack;

    constructor(stack) {
        this.#stack = stack;
    }

    /** The address of a stream with these closures; the query as closures.php has it. */
    url(key, closures, query = {}) {
        const url = new URL(this.#stack.stream(key, { log: this.#log, ...query }).replace('/stream.php', '/closures.php'));
        closures.forEach((name) => url.searchParams.append('with[]', name));

        return url.href;
    }

    /** A stream that the hub has. */
    async open(t, key, closures, query = {}, headers = {}) {
        const stream = await RawStream.open(this.url(key, closures, query), headers);
        t.after(() => stream.leave());
        await stream.connected();
        await this.handedOff();

        return stream;
    }

    /** Waits until as many streams went to the hub as were asked for. */
    handedOff() {
        const count = (line) => this.lines().filter((other) => other === line).length;

        return until(
            () => count('handed-off') === count('request'),
            () => `for the hand-over, noted was ${this.lines().join(', ')}; ${this.#stack.logs()}`,
        );
    }

    /** What was noted since the last call of forget(). */
    lines() {
        return readOr(this.#log, '').split('\n').filter(Boolean).slice(this.#forgotten);
    }

    count(line) {
        return this.lines().filter((other) => other === line).length;
    }

    forget() {
        this.#forgotten += this.lines().length;
    }

    #forgotten = 0;

    get #log() {
        return `${this.directory}/log`;
    }
}
