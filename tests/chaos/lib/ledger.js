import { compareIds, readId } from './cursor.js';

/** After a wipe its traces may still be on their way, as cursors of the old store. */
const WIPE_ECHO_MS = 5_000;
/** Events of a key that may be stored, at most, without an answer so far. */
const UNANSWERED = 10;
/** Acknowledged events of a key that are remembered, to know what retention may have dropped. */
const REMEMBERED = 1_000;

/**
 * What was pushed, and what came of it.
 *
 * A wipe of the store begins a new generation. A push that a wipe overlaps may be in either store or in none:
 * its generation is null, and nobody is promised anything.
 */
export class Ledger {
    generation = 0;
    /** Pushes by outcome. */
    counts = { acked: 0, refused: 0, unknown: 0 };
    #pushes = new Map();
    #keys = new Map();
    #number = 0;
    #isWiping = false;
    #wipedAt = -Infinity;
    #onWipe;

    /** onWipe: is told when a wipe begins, and its steps. */
    constructor(onWipe = () => {}) {
        this.#onWipe = onWipe;
    }

    /** A key that nobody used so far, and how many events of it are kept. */
    add(key, kept) {
        this.#keys.set(key, { kept, acked: [], dropped: 0, newest: [] });
    }

    get isWiping() {
        return this.#isWiping;
    }

    /** Whether what a client is told now may still speak of a store that was wiped. */
    get isUnclear() {
        return this.#isWiping || performance.now() < this.#wipedAt + WIPE_ECHO_MS;
    }

    /** A push begins; pad: how many bytes it has beside its number. */
    begin(key, name, pad) {
        const push = {
            number: ++this.#number, key, name, pad, id: null, by: null, refused: null,
            generation: this.#isWiping ? null : this.generation, begun: performance.now(), acked: null,
        };
        this.#pushes.set(push.number, push);

        return push;
    }

    /** What a push sends. */
    static data({ number, pad }) {
        return [number, 'x'.repeat(pad)];
    }

    acked(push, id) {
        push.id = readId(id);
        push.acked = performance.now();
        this.#settle(push);
        this.counts.acked++;
        const key = this.#keys.get(push.key);
        key.newest.push(push);
        if (key.newest.length > 2 * REMEMBERED) {
            key.newest.splice(0, REMEMBERED);
        }
        if (push.generation !== null) {
            key.acked.push(push);
        }
    }

    /** The extension said that it stored nothing. */
    refused(push, why) {
        push.refused = why;
        this.counts.refused++;
    }

    /** Nobody knows what came of it: the pusher was killed, or the server's answer was lost. */
    lost() {
        this.counts.unknown++;
    }

    /** The push with the data that a client got; undefined if there was none, or if it is other data. */
    find([number, padding] = []) {
        const push = this.#pushes.get(number);

        return push?.pad === padding?.length ? push : undefined;
    }

    /** The generation that an event belongs to which is delivered now; null if that can't be told. */
    generationOf(push) {
        return push.acked === null ? this.#sure(push) : push.generation;
    }

    #sure(push) {
        return !this.#isWiping && push.generation === this.generation ? push.generation : null;
    }

    #settle(push) {
        push.generation = this.#sure(push);
    }

    /** Runs what makes the store a new one, in so many steps that may each be told as a gap. */
    async wipe(action, steps = 1) {
        this.#isWiping = true;
        this.#onWipe(steps);
        try {
            await action();
        } finally {
            this.generation++;
            this.#isWiping = false;
            this.#wipedAt = performance.now();
        }
    }

    /** The acknowledged events of a key in the order of their answers, from the one with this index. */
    *ackedFrom(key, index) {
        const { acked, dropped } = this.#keys.get(key);
        for (let at = Math.max(0, index - dropped); at < acked.length; at++) {
            yield acked[at];
        }
    }

    ackedCount(key) {
        const { acked, dropped } = this.#keys.get(key);

        return dropped + acked.length;
    }

    /** Whether so many events came after this id that retention may have dropped it, with those that aren't answered yet. */
    mayBeDropped(key, id) {
        const { kept, newest } = this.#keys.get(key);

        return newest.filter((push) => compareIds(push.id, id) > 0).length >= kept - UNANSWERED;
    }

    /** Forgets what everybody who follows a key has looked at: by key, up to which index. */
    forget(seen) {
        for (const [name, key] of this.#keys) {
            const index = seen.get(name) ?? Infinity;
            const count = Math.min(index - key.dropped, key.acked.length);
            if (count > REMEMBERED) {
                key.dropped += count;
                key.acked.splice(0, count);
            }
        }
        // Pushes that nobody can get any more: the newest ones are enough to recognise.
        for (const number of this.#pushes.keys()) {
            if (this.#pushes.size <= 200_000) {
                break;
            }
            this.#pushes.delete(number);
        }
    }
}
