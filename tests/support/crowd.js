import { connect } from 'node:net';
import { createParser } from 'eventsource-parser';
import { until } from './until.js';

const DEFAULT_RETRY_MS = 1000;

/** Many clients that do what a browser's EventSource does, on bare sockets. */
export class Crowd {
    clients;

    /** urls: one address for each client. */
    constructor(urls) {
        this.clients = urls.map((url) => new Client(new URL(url)));
    }

    /** Waits until each client has been connected so often. */
    connected(times = 1, deadlineMs = undefined) {
        return this.#all((client) => client.connects >= times, `were connected ${times} times`, deadlineMs);
    }

    /** Waits until each client has so many events. */
    received(count, deadlineMs = undefined) {
        return this.#all((client) => client.data.length >= count, `have ${count} events`, deadlineMs);
    }

    async #all(condition, what, deadlineMs) {
        const reached = () => this.clients.filter(condition).length;
        const given = () => this.clients.filter((client) => client.refusal).map((client) => client.refusal);
        await until(
            () => reached() === this.clients.length || given().length > 0,
            () => `for all clients, ${reached()} of ${this.clients.length} ${what}`,
            deadlineMs,
        );
        if (given().length > 0) {
            throw new Error(`${given().length} of ${this.clients.length} clients gave up, the first because of: ${given()[0]}`);
        }
    }

    leave() {
        this.clients.forEach((client) => client.leave());
    }
}

/** One client: it resumes with the id it has, after the time it was told, until it leaves or is refused. */
export class Client {
    /** Decoded data of all events but "connected". */
    data = [];
    connects = 0;
    /** Each pause that the server asked for. */
    retries = [];
    /** The first line of an answer that ends an EventSource for good. */
    refusal = null;
    #url;
    #lastId = '';
    #socket = null;
    #timer = null;
    #hasLeft = false;

    constructor(url) {
        this.#url = url;
        this.#connect();
    }

    leave() {
        this.#hasLeft = true;
        clearTimeout(this.#timer);
        this.#socket.destroy();
    }

    #connect() {
        const parser = createParser({
            onEvent: (event) => this.#onEvent(event),
            onRetry: (ms) => this.retries.push(ms),
        });
        const decoder = new TextDecoder();
        let head = '';
        this.#socket = connect(Number(this.#url.port), this.#url.hostname);
        // HTTP/1.0, so that the frames come as they are, without chunks.
        this.#socket.write(`GET ${this.#url.pathname}${this.#url.search} HTTP/1.0\r\nHost: ${this.#url.host}\r\n`
            + `Accept: text/event-stream\r\n${this.#lastId && `Last-Event-ID: ${this.#lastId}\r\n`}\r\n`);
        this.#socket.on('data', (bytes) => {
            let text = decoder.decode(bytes, { stream: true });
            if (head !== null) {
                head += text;
                const end = head.indexOf('\r\n\r\n');
                if (end === -1) {
                    return;
                }
                text = head.slice(end + 4);
                this.#checkHead(head.slice(0, end), text);
                head = null;
            }
            if (!this.refusal) {
                parser.feed(text);
            }
        });
        this.#socket.on('error', () => {});
        this.#socket.on('close', () => this.onClose());
    }

    get lastId() {
        return this.#lastId;
    }

    /** Ends the connection as a client does that goes away. */
    cut() {
        this.#socket.destroy();
    }

    /** Connects again after a while. */
    comeBack(ms = this.retries.at(-1) ?? DEFAULT_RETRY_MS) {
        if (!this.#hasLeft) {
            this.#timer = setTimeout(() => this.#connect(), ms);
        }
    }

    onClose() {
        if (!this.refusal) {
            this.comeBack();
        }
    }

    #checkHead(head, text) {
        if (!/^HTTP\/1\.\d 200 /.test(head) || !/^content-type: text\/event-stream\b/im.test(head)) {
            this.refusal = head.split('\r\n', 1)[0];
            this.onRefusal(text);
        }
    }

    #onEvent(event) {
        if (this.#hasLeft) {
            return;
        }
        this.#lastId = event.id ?? this.#lastId;
        if (event.event === 'connected') {
            this.connects++;
        }
        this.onEvent(event);
    }

    /** A frame, as the parser gives it. */
    onEvent(event) {
        if (event.event !== 'connected') {
            this.data.push(JSON.parse(event.data));
        }
    }

    /** text: what came of the answer's body beside its head. */
    onRefusal() {
        this.#socket.destroy();
    }
}
