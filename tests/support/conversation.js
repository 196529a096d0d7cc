import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program of ours that answers each line on its standard input with a line of JSON, and ends with its input. */
export class Conversation {
    #process;
    #lines;
    #errors = '';
    #asked = Promise.resolve();
    #ended;

    constructor(command, args, options = {}) {
        this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
        // Who writes to one that has ended hears of it when it listens.
        this.#process.stdin.on('error', () => {});
        this.#process.stderr.on('data', (text) => { this.#errors += text; });
        this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
        this.#ended = new Promise((resolve) => { this.#process.on('close', resolve); });
    }

    get pid() {
        return this.#process.pid;
    }

    /** Whether it has ended. */
    get hasEnded() {
        return this.#process.exitCode !== null || this.#process.signalCode !== null;
    }

    /** The next line it says. */
    async hear() {
        const { value, done } = await this.#lines.next();
        if (done) {
            await this.#ended;
            throw new Error(`The program ended (${this.#process.signalCode ?? this.#process.exitCode}): ${this.#errors}`);
        }

        return JSON.parse(value);
    }

    /** Asks one thing after the other. */
    ask(line) {
        const answer = this.#asked.then(() => {
            this.#process.stdin.write(`${line}\n`);

            return this.hear();
        });
        this.#asked = answer.catch(() => {});

        return answer;
    }

    async close() {
        this.#process.stdin.end();

        return this.#ended;
    }
}
