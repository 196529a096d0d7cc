import { Pusher, Refused, pause, until } from '../../support/index.js';
import { Clock } from './clock.js';
import { KEPT_SHORT } from './keys.js';
import { Ledger } from './ledger.js';

/** The extension waits for a lock, or a server, for two seconds, and a server may have to be asked twice. */
const PUSH_WITHIN_MS = 5_500;

/** PHP programs that push, one event after the other, each with a clock of its own. */
export class Pushers {
    #world;
    #slots;
    #isOver = false;
    #loops;
    /** The longest that a push took, in milliseconds. */
    slowest = 0;

    constructor(world, count) {
        this.#world = world;
        this.#slots = Array.from({ length: count }, (_, index) => ({
            name: `pusher ${index + 1}`, random: world.random(`pusher ${index + 1}`),
            clock: new Clock(`the clock of pusher ${index + 1}`, `${world.dir}/clock-${index + 1}`),
            // The last one pushes to the key of which little is kept, and nobody else does.
            ...(index === count - 1
                ? { key: () => world.keys.short, settings: ['-d', `sse.retention_events=${KEPT_SHORT}`] }
                : { key: (random) => world.keys.toPush(random), settings: [] }),
            program: null,
        }));
        this.#loops = this.#slots.map((slot) => this.#run(slot));
    }

    get clocks() {
        return this.#slots.map(({ clock }) => clock);
    }

    /** The processes that run now. */
    get pids() {
        return this.#slots.filter(({ program }) => program && !program.hasEnded).map(({ program }) => program.pid);
    }

    /** No push is begun any more; returns when all are answered. */
    async finish() {
        this.#isOver = true;
        await Promise.all(this.#loops);
    }

    async close() {
        await this.finish();
        await Promise.all(this.#slots.map(({ program }) => program?.close()));
    }

    async #run(slot) {
        const { stack } = this.#world;
        while (!this.#isOver) {
            if (!slot.program || slot.program.hasEnded) {
                slot.program = new Pusher(stack.php, [...stack.flags, ...slot.settings], { env: slot.clock.env });
            }
            const { random } = slot;
            await this.#push(slot, slot.key(random), eventOf(random));
            await pause(random.percent(30) ? 0 : random.between(5, 60));
        }
    }

    async #push(slot, key, { name, pad }) {
        const push = this.#world.ledger.begin(key, name, pad);
        const begun = performance.now();
        try {
            this.#world.ledger.acked(push, await slot.program.push(key, Ledger.data(push), name));
        } catch (error) {
            await settle(this.#world, push, error, error instanceof Refused);
            // A killed program shows as ended a moment later.
            await (error instanceof Refused ? pause(100) : until(() => slot.program.hasEnded, `for the end of ${slot.name}: ${error}`));
        }
        const ended = performance.now();
        if (this.#world.troubles.during(begun, ended).some(({ kind }) => kind === 'pusher stopped')) {
            return;
        }
        const took = ended - begun;
        this.slowest = Math.max(this.slowest, took);
        if (took > PUSH_WITHIN_MS) {
            this.#world.verdicts.broken('slow push', { key, what: `event ${push.number} of ${slot.name} took ${Math.round(took)} ms` });
        }
    }
}

/** An event's name and size: most are small, few are large. */
export function eventOf(random) {
    return {
        name: random.percent(30) ? random.one(['toast', 'news', 'Ünï cödé']) : null,
        pad: random.percent(1) ? random.whole(5_000, 60_000) : random.whole(0, 200),
    };
}

/** Writes into the ledger what came of a push that wasn't answered with an id. */
export function settle(world, push, error, isRefused) {
    // These say themselves that nobody knows whether it was stored.
    if (isRefused && !/before it answered|stored is not known|not known whether/.test(error.message)) {
        world.ledger.refused(push, error.message);
    } else {
        world.ledger.lost();
    }
    world.journal.note(`push ${push.number} to ${push.key} failed: ${error.message.slice(0, 200)}`);
}
