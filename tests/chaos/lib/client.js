import { Client, streamUrl } from '../../support/index.js';
import { Witness } from './witness.js';

/** A page whose stream was refused is loaded again after a while. */
const REFUSED_PAUSE_MS = 1_000;
/** What of a client's life is told in a story. */
const REMEMBERED = 12;

/**
 * A client that is cut and comes back at random, and once in a while begins anew, with other keys and without a cursor.
 * Its witness looks at all that it gets.
 */
export class ChaosClient {
    name;
    /** What it did and got, newest last. */
    life = [];
    refusals = 0;
    connections = 0;
    #world;
    #random;
    #stream = null;
    #timer = null;
    #witness = null;
    #counts = { delivered: 0, gaps: 0, toldLost: 0 };
    #hasLeft = false;

    constructor(world, number) {
        this.name = `client ${number}`;
        this.#world = world;
        this.#random = world.random(this.name);
        this.#begin();
    }

    get counts() {
        const { counts } = this.#witness;

        return Object.fromEntries(Object.entries(this.#counts).map(([name, count]) => [name, count + counts[name]]));
    }

    get keys() {
        return this.#witness.keys;
    }

    get witness() {
        return this.#witness;
    }

    /** Since when it has been connected, without a break; null if it isn't. */
    get connectedSince() {
        return this.#stream?.connectedSince ?? null;
    }

    /** Only what it has and nothing new: for the end of a run, when every event must come. */
    settle() {
        clearTimeout(this.#timer);
    }

    leave() {
        this.#hasLeft = true;
        clearTimeout(this.#timer);
        this.#stream.leave();
    }

    /** Goes away for a while. */
    cut(awayMs) {
        this.note(`goes away for ${Math.round(awayMs)} ms`);
        this.#stream.goAway(awayMs);
    }

    note(what) {
        this.life.push(`${this.#world.time()} ${what}`);
        if (this.life.length > REMEMBERED) {
            this.life.shift();
        }
    }

    report(kind, key, what, push) {
        this.#world.verdicts.broken(kind, { client: this, key, what, push });
    }

    /** A new page: other keys, no cursor. */
    #begin() {
        this.#stream?.leave();
        const random = this.#random;
        const keys = this.#world.keys.toFollow(random);
        if (this.#witness) {
            this.#counts = this.counts;
        }
        this.#witness = new Witness(this.#world.ledger, keys, this.report.bind(this));
        const options = { replay: random.one(['none', 'last', 'all', 3]) };
        if (random.percent(8)) {
            options.handoff = 'never';
            options.lifetime = random.whole(3, 12);
        } else if (random.percent(20)) {
            options.lifetime = random.whole(2, 30);
        }
        // Through a closure that changes nothing: by recalls, of its own or shared.
        const query = random.percent(35) ? { closure: random.one(['beforeSend', 'fetch', 'onLoop']) } : {};
        if (query.closure && random.percent(50)) {
            options.shared = true;
        }
        this.note(`begins with ${keys.join(', ')} and ${JSON.stringify({ ...options, ...query })}`);
        const url = new URL(streamUrl(this.#world.url, keys, { options, ...query }));
        url.pathname = query.closure ? '/noted.php' : url.pathname;
        this.#stream = new Stream(url, this);
        this.#nextAct();
    }

    #nextAct() {
        const random = this.#random;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => {
            if (this.#hasLeft) {
                return;
            }
            if (this.#world.isCalm) {
                // One that comes back may set right what was wrong for the others.
                this.#nextAct();

                return;
            }
            if (random.percent(4)) {
                this.#begin();

                return;
            }
            this.cut(random.percent(80) ? random.between(0, 1_500) : random.between(1_500, 15_000));
            this.#nextAct();
        }, random.percent(70) ? random.between(200, 10_000) : random.between(10_000, 60_000));
    }

    /** Where it begins can't be told just now. */
    beginAgain() {
        this.note('begins again: the store is being wiped');
        setTimeout(() => !this.#hasLeft && this.#begin(), 1_000);
    }

    onFrame({ event, id, data }) {
        if (event === 'connected') {
            this.connections++;
            this.note(`connected, ${id}`);
            if (!this.#witness.hasBegun && !this.#witness.begin(id)) {
                this.beginAgain();

                return false;
            }
        } else if (event === 'sse-gap') {
            this.note(`gap ${data}, ${id}`);
            this.#witness.gap(JSON.parse(data), id);
        } else {
            const push = this.#world.ledger.find(parsed(data));
            if (!push || (push.name ?? 'message') !== event) {
                this.report('unknown event', null, `${event}: ${data.slice(0, 200)}`);
            } else {
                this.#witness.event(push, id);
            }
        }

        return true;
    }

    onRefusal(line, text) {
        this.refusals++;
        this.note(`refused: ${line} ${text.replace(/<[^>]*>|\s+/g, ' ').trim().slice(0, 200)}`);
        if (!this.#world.troubles.excuse(performance.now() - REFUSED_PAUSE_MS, performance.now())) {
            this.report('refused', null, `${line} ${text.slice(0, 300)}`);
        }
    }
}

/** Its connections: those of an EventSource in a page that is loaded again, with its cursor, when the stream was refused. */
class Stream extends Client {
    #owner;
    #awayMs = null;
    connectedSince = null;

    constructor(url, owner) {
        super(url);
        this.#owner = owner;
    }

    goAway(ms) {
        this.#awayMs = ms;
        this.cut();
    }

    onEvent(event) {
        if (event.event === 'connected') {
            this.connectedSince = performance.now();
        }
        if (!this.#owner.onFrame(event)) {
            this.leave();
        }
    }

    onRefusal(text) {
        this.#owner.onRefusal(this.refusal, text);
        super.onRefusal(text);
    }

    onClose() {
        const pause = this.refusal ? REFUSED_PAUSE_MS : this.retries.at(-1) ?? 100;
        if (this.#awayMs === null) {
            this.#owner.note(`${this.connectedSince === null ? 'did not connect' : 'was disconnected'}, comes back in ${pause} ms`);
        }
        this.connectedSince = null;
        this.refusal = null;
        this.comeBack(this.#awayMs ?? pause);
        this.#awayMs = null;
    }
}

function parsed(data) {
    try {
        return JSON.parse(data);
    } catch {
        return undefined;
    }
}
