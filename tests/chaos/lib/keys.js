/** Kept of an ordinary key: more than is pushed while a client is away. */
export const KEPT = 20_000;
/** Kept of the one that clients miss something of. */
export const KEPT_SHORT = 50;
const LASTING = 12;
/** New keys that are pushed to, until newer ones take their place. */
const FRESH = 6;

/** The keys of a run: some that are there all the time, one of which little is kept, and again and again a new one. */
export class Keys {
    short = 'short';
    #lasting = Array.from({ length: LASTING }, (_, index) => `key ${index + 1}`);
    #fresh = [];
    #made = 0;
    #ledger;

    constructor(ledger) {
        this.#ledger = ledger;
        this.#lasting.forEach((key) => ledger.add(key, KEPT));
        ledger.add(this.short, KEPT_SHORT);
    }

    /** One to five for a client; its first may be one that nobody used so far. */
    toFollow(random) {
        const known = [...this.#lasting, ...this.#fresh, this.short];
        const keys = random.some(known, random.whole(1, 5));

        return random.percent(15) ? [this.#make(), ...keys.slice(1)] : keys;
    }

    /** One to push to; the short one has a pusher of its own. */
    toPush(random) {
        return random.one(random.percent(15) && this.#fresh.length > 0 ? this.#fresh : this.#lasting);
    }

    #make() {
        const key = `new key ${++this.#made}`;
        this.#ledger.add(key, KEPT);
        this.#fresh = [...this.#fresh, key].slice(-FRESH);

        return key;
    }
}
