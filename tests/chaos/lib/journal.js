import { appendFileSync } from 'node:fs';

const REMEMBERED = 300;

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

    /** What was noted in so many last milliseconds. */
    recent(ms) {
        const from = performance.now() - ms;

        return this.#recent.filter(({ at }) => at > from).map(({ line }) => line);
    }
}
