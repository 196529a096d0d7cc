/** How long a page may still suffer from what is over. */
const ECHO_MS = 1_500;

/** What is being done to the servers now, and was done lately. */
export class Troubles {
    /** How often each was made. */
    counts = new Map();
    #now = new Set();
    #lately = [];
    #quietSince = performance.now();

    /**
     * Makes trouble: runs an action.
     * excuse: a page that fails or is slow meanwhile is excused, as its own server or worker is gone or stopped.
     */
    async make(kind, { excuse = false } = {}, action = () => {}) {
        const trouble = { kind, excuse, from: performance.now(), to: Infinity };
        this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
        this.#now.add(trouble);
        try {
            await action();
        } finally {
            trouble.to = performance.now();
            this.#now.delete(trouble);
            this.#lately.push(trouble);
            this.#quietSince = trouble.to;
            if (this.#lately.length > 200) {
                this.#lately.splice(0, 100);
            }
        }
    }

    /** Since when all has been well; Infinity while it isn't. */
    get quietSince() {
        return this.#now.size > 0 ? Infinity : this.#quietSince;
    }

    /** Any trouble at a time, or its echo. */
    excuse(from, to, condition = () => true) {
        return this.during(from, to).find(condition) ?? null;
    }

    during(from, to) {
        return [...this.#lately, ...this.#now].filter((trouble) => trouble.from < to && trouble.to + ECHO_MS > from);
    }
}
