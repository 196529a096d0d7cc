import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { Client, Pusher, Refused, pause, streamUrl, until } from '../../support/index.js';
import { Ledger } from './ledger.js';
import { Witness } from './witness.js';

const KEY = 'elsewhere';
const CLIENTS = 3;
const PAUSE_MS = 50;
/** An event that is later than this waited for something. Milliseconds can't be told on a machine that is in a storm. */
const LATE_MS = 1_000;

/** Another store of the same hub that nobody harms: its events wait for no trouble of the store beside it. */
export class Bystander {
    counts = { acked: 0, delivered: 0 };
    /** The longest between a push and its event at a connected client, in milliseconds, while no server was harmed. */
    slowest = 0;
    #world;
    #ledger = new Ledger();
    #pusher;
    #streams;
    #isOver = false;
    #loop;

    constructor(world) {
        const { dir, store, php, flags } = world.stack;
        const { uid, gid } = statSync(store);
        const directory = `${dir}/elsewhere`;
        mkdirSync(directory);
        chownSync(directory, uid, gid);
        chmodSync(directory, 0o2770);
        this.#world = world;
        this.#ledger.add(KEY, Infinity);
        const dsn = `file://${directory}`;
        this.#pusher = new Pusher(php, [...flags, '-d', `sse.dsn=${dsn}`]);
        const url = new URL(streamUrl(world.url, KEY, { options: { dsn, replay: 'all' } }));
        this.#streams = Array.from({ length: CLIENTS }, () => new Stream(url, this, new Witness(this.#ledger, [KEY], (kind, key, what) => world.verdicts.broken(kind, { key, what: `${what}; in the other store` }))));
        this.#loop = this.#run();
    }

    /** No more is pushed; true if everybody has everything. */
    async finish(deadlineMs) {
        this.#isOver = true;
        await this.#loop;
        await until(() => this.#streams.every(({ witness }) => witness.hasBegun && witness.waitsFor === 0) || this.#world.isOver, 'for the other store', deadlineMs).catch(() => {});
        this.#streams.forEach(({ witness }) => witness.end());
    }

    async close() {
        this.#isOver = true;
        this.#streams.forEach((stream) => stream.leave());
        await this.#loop;
        await this.#pusher.close();
    }

    onFrame(stream, { event, id, data }) {
        if (event === 'connected') {
            if (!stream.witness.hasBegun) {
                stream.witness.begin(id);
            }
        } else if (event === 'sse-gap') {
            stream.witness.gap(JSON.parse(data), id);
        } else {
            const push = this.#ledger.find(JSON.parse(data));
            this.counts.delivered++;
            this.#measure(stream, push);
            stream.witness.event(push, id);
        }
    }

    #measure(stream, push) {
        const now = performance.now();
        const { troubles, verdicts } = this.#world;
        const during = troubles.during(Math.min(push.begun, stream.connectedSince), now);
        // Whoever is stopped or gone itself can't be quick.
        if (during.some(({ excuse, kind }) => excuse || /^hub|^library|^pusher/.test(kind))) {
            return;
        }
        const late = now - Math.max(push.begun, stream.connectedSince);
        this.slowest = Math.max(this.slowest, late);
        if (late > LATE_MS) {
            verdicts.broken('late elsewhere', { key: KEY, what: `event ${push.number} of the other store came after ${Math.round(late)} ms, during: ${during.map(({ kind }) => kind).join(', ') || 'nothing'}` });
        }
    }

    async #run() {
        while (!this.#isOver) {
            const push = this.#ledger.begin(KEY, null, 0);
            try {
                this.#ledger.acked(push, await this.#pusher.push(KEY, Ledger.data(push)));
                this.counts.acked++;
            } catch (error) {
                this.#world.verdicts.broken('refused elsewhere', { key: KEY, what: `the other store, which nobody harms: ${error.message}` });
                if (!(error instanceof Refused)) {
                    return;
                }
            }
            this.#streams.forEach(({ witness }) => witness.overdue(-Infinity));
            await pause(PAUSE_MS);
        }
    }
}

/** An EventSource, but that it comes back after any answer. */
class Stream extends Client {
    connectedSince = Infinity;
    #owner;

    constructor(url, owner, witness) {
        super(url);
        this.#owner = owner;
        this.witness = witness;
    }

    onEvent(event) {
        if (event.event === 'connected') {
            this.connectedSince = performance.now();
        }
        this.#owner.onFrame(this, event);
    }

    onClose() {
        this.refusal = null;
        super.onClose();
    }
}
