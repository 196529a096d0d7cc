import { createParser } from 'eventsource-parser';
import { fetch } from 'undici';
import { lastOf, until, within } from './until.js';

/** One response, read to its end or until it is left; it does not reconnect. */
export class RawStream {
    /** { event, id, data } as the parser gives them, "connected" among them. */
    events = [];
    comments = [];
    retries = [];
    text = '';
    /** Settles with null at a clean end, with the error otherwise. */
    ended;
    #left = new AbortController();

    /** init: what else fetch() is told, as undici's way to the server instead of HTTP/1.1. */
    static async open(url, headers = {}, init = {}) {
        const stream = new RawStream();
        stream.response = await within(fetch(url, {
            headers: { Accept: 'text/event-stream', ...headers },
            signal: stream.#left.signal,
            ...init,
        }), 'for an answer');
        stream.ended = stream.#read().then(() => null, (error) => error);

        return stream;
    }

    async #read() {
        const parser = createParser({
            onEvent: (event) => this.events.push(event),
            onComment: (comment) => this.comments.push(comment),
            onRetry: (ms) => this.retries.push(ms),
            onError: (error) => { throw error; },
        });
        const decoder = new TextDecoder();
        for await (const bytes of this.response.body) {
            const text = decoder.decode(bytes, { stream: true });
            this.text += text;
            parser.feed(text);
        }
    }

    /** Decoded data of all events but "connected". */
    get data() {
        return this.#received().map((event) => JSON.parse(event.data));
    }

    #received() {
        return this.events.filter((event) => event.event !== 'connected');
    }

    get lastId() {
        return this.events.findLast((event) => event.id !== undefined)?.id;
    }

    connected() {
        return until(() => this.events[0]?.event === 'connected', () => `for a connection, there is ${JSON.stringify(this.text)}`);
    }

    received(count) {
        // Not by the data: decoding megabytes again and again leaves no time to receive them.
        return until(() => this.#received().length >= count, () => `for ${count} events, ${lastOf(this.events)}`);
    }

    end() {
        return within(this.ended, 'for the end of the stream');
    }

    async leave() {
        this.#left.abort();
        await this.ended;
    }
}
