import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Pusher, Refused } from '../../browser/lib/pusher.js';
import { until } from '../../browser/lib/until.js';
import { KEPT_SHORT } from './keys.js';
import { Ledger } from './ledger.js';

/** Where Debian's package faketime has it. */
const FAKETIME = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`);
/** Clocks that are wrong: never by as much as events are kept. */
const CLOCKS = ['+0', '+0', '-3', '+90', '-600', '+3600', '-18000', '+18000'];
/** The extension waits for a lock, or a server, for two seconds, and a server may have to be asked twice. */
const PUSH_WITHIN_MS = 5_000;

/** The library that gives a process another clock; undefined if it isn't installed. */
export function faketime(exists) {
    return FAKETIME.find(exists);
}

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
            name: `pusher ${index + 1}`, random: world.random(`pusher ${index + 1}`), clock: `${world.dir}/clock-${index + 1}`,
            // The last one pushes to the key of which little is kept, and nobody else does.
            ...(index === count - 1
                ? { key: () => world.keys.short, settings: ['-d', `sse.retention_events=${KEPT_SHORT}`] }
                : { key: (random) => world.keys.toPush(random), settings: [] }),
            program: null,
        }));
        this.#loops = this.#slots.map((slot) => this.#run(slot));
    }

    /** Kills one at any moment. */
    kill(random) {
        const slot = random.one(this.#slots);
        if (slot.program && !slot.program.hasEnded) {
            process.kill(slot.program.pid, 'SIGKILL');
            this.#world.journal.note(`${slot.name} is killed`);
        }
    }

    /** Another clock for one, while it runs. */
    setClock(random) {
        const slot = random.one(this.#slots);
        const clock = random.one(CLOCKS);
        writeFileSync(slot.clock, `${clock}s\n`);
        this.#world.journal.note(`the clock of ${slot.name} is ${clock} s off`);
    }

    /** One event for each key, at the end, by clocks that are right. */
    async finish() {
        this.#isOver = true;
        await Promise.all(this.#loops);
    }

    async close() {
        await this.finish();
        await Promise.all(this.#slots.map(({ program }) => program?.close()));
        this.#slots.forEach(({ program }) => program && forgetClock(program.pid));
    }

    async #run(slot) {
        writeFileSync(slot.clock, '+0s\n');
        while (!this.#isOver) {
            if (!slot.program || slot.program.hasEnded) {
                if (slot.program) {
                    forgetClock(slot.program.pid);
                }
                slot.program = this.#start(slot);
            }
            const { random } = slot;
            await this.#push(slot, slot.key(random), eventOf(random));
            await pause(random.percent(30) ? 0 : random.between(5, 60));
        }
    }

    #start({ clock, settings }) {
        const { faketime: library, stack } = this.#world;
        const env = library && {
            LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1',
        };

        return new Pusher(stack.php, [...stack.flags, ...settings], { env });
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
        const took = performance.now() - begun;
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

/** The library leaves a note of each process it was in. */
function forgetClock(pid) {
    for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) {
        rmSync(`/dev/shm/${name}`, { force: true });
    }
}

export function pause(ms) {
    return new Promise((resolve) => { setTimeout(resolve, ms); });
}
