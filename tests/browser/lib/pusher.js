import { fileURLToPath } from 'node:url';
import { Conversation } from './conversation.js';

const script = fileURLToPath(new URL('pusher.php', import.meta.url));

/** A PHP on the command line that pushes, so that no FPM worker is taken for it. */
export class Pusher {
    #program;
    #queue = Promise.resolve();

    constructor(php, flags) {
        this.#program = new Conversation(php, [...flags, script]);
    }

    /** Pushes one event after the other; gives the event's id. */
    push(key, data, event = null) {
        const pushed = this.#queue.then(() => this.#program.ask(JSON.stringify([key, data, event])));
        this.#queue = pushed.catch(() => {});

        return pushed;
    }

    close() {
        return this.#program.close();
    }
}
