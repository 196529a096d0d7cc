// Clients that do not read as fast as the events come.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { numbers, residentKiB, startStackFor, until } from '../../support/index.js';

const EVENTS = 1500;
const TEXT = 'x'.repeat(16 * 1024);
/** All events are 24 MiB. */
const BOUND_KIB = 16 * 1024;
const KEPT = ['--ini', 'sse.retention_events=10000', '--ini', 'sse.retention_bytes=268435456'];

test('clients that never read, or a byte a second, cost neither the hub\'s memory nor the others\' events', async (t) => {
    const stack = await startStackFor(t, ...KEPT);
    const others = stack.crowd(t, 5, 'flood');
    await others.connected();
    await stack.push('flood', [0, 'first']);
    await others.received(1);
    const slow = [
        ...numbers(1, 10).map(() => new SlowClient(t, stack.stream('flood'), Infinity)),
        ...numbers(1, 10).map(() => new SlowClient(t, stack.stream('flood'), 1000)),
    ];
    await stack.holds(25);
    const pid = await stack.pid();
    const before = residentKiB(pid);
    await Promise.all(numbers(1, EVENTS).map((number) => stack.push('flood', [number, TEXT])));
    await others.received(EVENTS + 1);
    const grown = residentKiB(pid) - before;

    for (const { data } of others.clients) {
        assert.deepEqual(data.map(([number]) => number), numbers(0, EVENTS));
    }
    assert.ok(grown < BOUND_KIB, `the hub grew by ${grown} KiB`);
    // Who wakes up gets all of it, unless the hub has given up waiting.
    slow[0].hurry();
    await slow[0].saw(`[${EVENTS},`);
    assert.deepEqual(slow[0].numbers(), numbers(0, EVENTS));
    slow.forEach((client) => client.leave());
    others.leave();
    await stack.holds(0);
});

/** Asks for a stream and reads its answer byte by byte, with a pause after each. */
class SlowClient {
    #text = '';
    #socket;
    #pauseMs;
    #isWoken = false;
    #timer = null;

    constructor(t, address, pauseMs) {
        const url = new URL(address);
        this.#pauseMs = pauseMs;
        const byte = Buffer.alloc(1);
        this.#socket = connect({
            port: Number(url.port),
            host: url.hostname,
            onread: { buffer: () => (this.#isWoken ? Buffer.alloc(65_536) : byte), callback: (count, buffer) => this.#onRead(count, buffer) },
        });
        this.#socket.on('error', () => {});
        this.#socket.write(`GET ${url.pathname}${url.search} HTTP/1.0\r\nHost: ${url.host}\r\n\r\n`);
        t.after(() => this.leave());
    }

    #onRead(count, buffer) {
        this.#text += buffer.toString('latin1', 0, count);
        if (!this.#isWoken && this.#pauseMs !== Infinity) {
            this.#timer = setTimeout(() => this.#socket.resume(), this.#pauseMs);
        }

        return this.#isWoken;
    }

    hurry() {
        clearTimeout(this.#timer);
        this.#isWoken = true;
        this.#socket.resume();
    }

    saw(text) {
        return until(() => this.#text.includes(text), () => `for ${text}, ${this.#text.length} bytes came`);
    }

    numbers() {
        return [...this.#text.matchAll(/^data: \[(\d+),/gm)].map(([, number]) => Number(number));
    }

    leave() {
        clearTimeout(this.#timer);
        this.#socket.destroy();
    }
}
