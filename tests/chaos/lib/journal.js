import { appendFileSync } from 'node:fs';

const REMEMBERED = 300;
const ALIKE = 4;

/** What was done and found, by the run's own clock: all of it in a file, what is broken also on the terminal. */
export class Journal {
    #began = performance.now();
    #file;
    #prefix;
    #recent = [];

    constructor(file, prefix) {
        this.#file = file;
        this.#prefix = prefix;
    }

    clock(at = performance.now()) {
        return `${((at - this.#began) / 1000).toFixed(3)} s`;
    }

    note(what) {
        const line = `${this.clock()} ${what}`;
        this.#recent.push({ at: performance.now(), line });
        if (this.#recent.length > REMEMBERED) {
            this.#recent.shift();
        }
        appendFileSync(this.#file, `${line}\n`);
    }

    /** Also on the terminal. */
    tell(text) {
        appendFileSync(this.#file, `${this.clock()} ${text}\n`);
        process.stdout.write(`${text.replace(/^/gm, `${this.#prefix}: `)}\n`);
    }

    /** What was noted in so many last milliseconds; of what is alike, as pushes that fail, the first few. */
    recent(ms) {
        const from = performance.now() - ms;
        const alike = new Map();

        return this.#recent.filter(({ at }) => at > from).map(({ line }) => line).filter((line) => {
            const kind = line.replace(/\d+/g, '').slice(0, 30);
            alike.set(kind, (alike.get(kind) ?? 0) + 1);

            return alike.get(kind) <= ALIKE;
        });
    }
}
