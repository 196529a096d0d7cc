import { fileURLToPath } from 'node:url';
import { Conversation } from './conversation.js';

const script = fileURLToPath(new URL('pusher.php', import.meta.url));

/** The extension did not take an event, and said why. */
export class Refused extends Error {}

/** A PHP on the command line that pushes, so that no FPM worker is taken for it. */
export class Pusher {
    #program;

    /** through: a command, with its arguments, that runs PHP. */
    constructor(php, flags, { through = [], env = {} } = {}) {
        const [command, ...args] = [...through, php, ...flags, script];
        this.#program = new Conversation(command, args, { env: { ...process.env, ...env } });
    }

    get pid() {
        return this.#program.pid;
    }

    get hasEnded() {
        return this.#program.hasEnded;
    }

    /** Pushes one event after the other; gives the event's id, or fails with what the extension says. */
    async push(key, data, event = null, options = {}) {
        const { id, error } = await this.#program.ask(JSON.stringify([key, data, event, options]));
        if (error !== undefined) {
            throw new Refused(error);
        }

        return id;
    }

    close() {
        return this.#program.close();
    }
}
