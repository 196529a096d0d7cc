/** Numbers that look random and are the same for the same seed and name. */
export class Random {
    #state;

    constructor(seed, name) {
        // FNV-1a: two names, two sequences.
        this.#state = [...`${seed} ${name}`].reduce((hash, letter) => Math.imul(hash ^ letter.codePointAt(0), 16777619), 2166136261) >>> 0;
    }

    /** From 0 up to 1 (mulberry32). */
    #next() {
        this.#state = (this.#state + 0x6d2b79f5) >>> 0;
        let mixed = this.#state;
        mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);

        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    }

    /** A number between two, the second left out. */
    between(from, to) {
        return from + this.#next() * (to - from);
    }

    /** A whole number between two, both included. */
    whole(from, to) {
        return Math.floor(this.between(from, to + 1));
    }

    /** Whether this time, of so many in a hundred. */
    percent(share) {
        return this.#next() * 100 < share;
    }

    one(list) {
        return list[this.whole(0, list.length - 1)];
    }

    /** So many different ones of a list. */
    some(list, count) {
        const rest = [...list];

        return Array.from({ length: Math.min(count, rest.length) }, () => rest.splice(this.whole(0, rest.length - 1), 1)[0]);
    }

    /** One of a list of [weight, thing]. */
    weighted(list) {
        let left = this.between(0, list.reduce((sum, [weight]) => sum + weight, 0));

        return list.find(([weight]) => (left -= weight) < 0)[1];
    }
}
