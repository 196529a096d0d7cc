import { compareIds, epochOf, positionOf, readId, writeId } from './cursor.js';

/** Deliveries of a key that are remembered, to tell one that comes twice from one that comes late. */
const REMEMBERED = 500;

/**
 * What one client must get, and whether it did: every acknowledged event of its keys behind the cursor it began with,
 * once and in order, or a gap in its place where something really was lost.
 */
export class Witness {
    counts = { delivered: 0, gaps: 0, toldLost: 0 };
    #ledger;
    #keys;
    #report;
    #states = null;
    /** The store that the last frame's cursor is of. */
    #epoch = null;

    /** report(kind, key, what): is called for each promise that was broken. */
    constructor(ledger, keys, report) {
        this.#ledger = ledger;
        this.#keys = keys;
        this.#report = report;
    }

    get keys() {
        return this.#keys;
    }

    get hasBegun() {
        return this.#states !== null;
    }

    /** A client without a cursor is told where it begins; false if that can't be relied on now. */
    begin(cursor) {
        if (this.#ledger.isUnclear) {
            return false;
        }
        this.#epoch = epochOf(cursor);
        this.#states = new Map(this.#keys.map((key) => [key, {
            begun: { at: performance.now(), generation: this.#ledger.generation, id: positionOf(cursor, key) ?? { millis: 0, sequence: 0 } },
            /** The newest delivery: everything up to here is settled. */
            frontier: null,
            next: 0,
            pending: new Map(),
            /** Delivered before the push was answered. */
            early: new Set(),
            recent: [],
            /** Wipes that may still be told. */
            credit: 0,
            gaps: [],
        }]));
        for (const [key, state] of this.#states) {
            state.frontier = state.begun;
            this.#catchUp(key, state);
        }

        return true;
    }

    /** A wipe begins, with so many steps. */
    wiped(steps = 1) {
        for (const state of this.#states?.values() ?? []) {
            state.credit += steps;
        }
    }

    /** An event came; its frame's cursor stands right behind it. */
    event(push, cursor) {
        const state = this.#states.get(push.key);
        if (!state) {
            this.#report('foreign', push.key, `event ${push.number} of a key that it doesn't follow`);

            return;
        }
        const { key } = push;
        const id = positionOf(cursor, key);
        this.#epoch = epochOf(cursor);
        this.counts.delivered++;
        this.#catchUp(key, state);
        if (push.refused) {
            this.#report('refused but delivered', key, `event ${push.number}, ${writeId(id)}; the push was told: ${push.refused}`);
        }
        if (push.id && compareIds(push.id, id) !== 0) {
            this.#report('wrong cursor', key, `event ${push.number} is ${writeId(push.id)}, its frame's cursor says ${writeId(id)}`);
        }
        if (state.recent.includes(push.number)) {
            this.#report('doubled', key, `event ${push.number}, ${writeId(id)}, came again; its newest was ${show(state.frontier)}`);

            return;
        }
        const generation = this.#ledger.generationOf(push);
        const place = { generation, id };
        if (order(place, state.frontier) <= 0) {
            this.#report('disordered', key, `event ${push.number}, ${show(place)}, came behind ${show(state.frontier)}`);
        }
        remember(state.recent, push.number);
        if (!state.pending.delete(push.number) && push.acked === null) {
            state.early.add(push.number);
        }
        for (const gap of state.gaps) {
            gap.until ??= place;
        }
        state.frontier = place;
        for (const other of state.pending.values()) {
            if (order(other, place) < 0) {
                state.pending.delete(other.number);
                this.#skipped(key, state, other);
            }
        }
        if (generation === this.#ledger.generation && !this.#ledger.isWiping) {
            state.credit = 0;
        }
    }

    /** A gap was told: data as it came, and its frame's cursor. */
    gap(data, cursor) {
        const epoch = epochOf(cursor);
        // What was dropped before a wipe is told of the old store yet, and doesn't stand for the wipe.
        const isOfOldStore = epoch === this.#epoch;
        this.#epoch = epoch;
        for (const key of data.keys) {
            const state = this.#states.get(key);
            if (!state) {
                this.#report('foreign', key, 'a gap of a key that it doesn\'t follow');
                continue;
            }
            this.#catchUp(key, state);
            this.counts.gaps++;
            const told = {
                from: readId(data.from), to: readId(data.to), after: state.frontier, until: null,
                before: this.#ledger.generation + (this.#ledger.isWiping ? 1 : 0),
            };
            // A gap of several keys reaches from the first to the last of what is gone of any of them.
            const last = data.keys.length > 1 ? state.frontier.id ?? told.to : told.to;
            if (state.credit > 0) {
                state.credit -= isOfOldStore ? 0 : 1;
            } else if (!this.#ledger.mayBeDropped(key, last)) {
                this.#report('false gap', key, `a gap from ${data.from} to ${data.to}, but nothing was lost; its newest is ${show(state.frontier)}`);
            }
            remember(state.gaps, told, 20);
            for (const push of state.pending.values()) {
                if (push.generation < told.before) {
                    state.pending.delete(push.number);
                    this.counts.toldLost++;
                }
            }
        }
    }

    /** The oldest event that should be here by now, of those that were answered before a time; null if there is none. */
    overdue(before) {
        for (const [key, state] of this.#states ?? []) {
            this.#catchUp(key, state);
            for (const push of state.pending.values()) {
                if (push.acked < before && push.generation === this.#ledger.generation) {
                    return push;
                }
            }
        }

        return null;
    }

    /** How many events it still waits for. */
    get waitsFor() {
        let count = 0;
        for (const [key, state] of this.#states ?? []) {
            this.#catchUp(key, state);
            count += state.pending.size;
        }

        return count;
    }

    /** The run is over: what hasn't come is lost. */
    end() {
        for (const [key, state] of this.#states ?? []) {
            this.#catchUp(key, state);
            for (const push of state.pending.values()) {
                this.#report('lost', key, `event ${push.number}, ${show(push)}, never came; its newest is ${show(state.frontier)}`, push);
            }
        }
    }

    /** By key, up to which of the ledger's acknowledged events it has looked. */
    seen() {
        return this.#keys.map((key) => [key, this.#states?.get(key).next ?? this.#ledger.ackedCount(key)]);
    }

    /** Takes note of pushes that were answered since the last look. */
    #catchUp(key, state) {
        for (const push of this.#ledger.ackedFrom(key, state.next)) {
            const isBehind = order(push, state.frontier) <= 0;
            // It was stored already when the client began, even if its answer comes only now.
            const isOlder = push.begun < state.begun.at && order(push, state.begun) <= 0;
            if (state.early.delete(push.number) || isOlder) {
                continue;
            }
            if (isBehind) {
                this.#skipped(key, state, push);
            } else {
                state.pending.set(push.number, push);
            }
        }
        state.next = this.#ledger.ackedCount(key);
    }

    /** Something behind this event came, and the event didn't. */
    #skipped(key, state, push) {
        const isToldBy = ({ after, until, before, from, to }) => order(after, push) < 0 && (!until || order(push, until) < 0)
            && (push.generation < before
                || (compareIds(from, push.id) < 0 && compareIds(push.id, to) <= 0 && this.#ledger.mayBeDropped(key, push.id)));
        if (state.gaps.some(isToldBy)) {
            this.counts.toldLost++;
        } else {
            this.#report('lost', key, `event ${push.number}, ${show(push)}, was passed over; its newest is ${show(state.frontier)}`, push);
        }
    }
}

/** Below, at, or above 0 as compareIds(); NaN, which is none of them, where a wipe makes it unknown. */
function order(a, b) {
    if (a.generation === null || b.generation === null) {
        return NaN;
    }

    return a.generation - b.generation || compareIds(a.id, b.id);
}

function remember(list, entry, count = REMEMBERED) {
    list.push(entry);
    if (list.length > count) {
        list.shift();
    }
}

function show({ generation, id }) {
    return `${writeId(id)} of store ${generation ?? '?'}`;
}
