import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

/** Where Debian's package faketime has it. */
const LIBRARY = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`).find(existsSync);
/** How wrong it may be, in seconds: never by as much as events are kept. */
const OFFSETS = [0, 0, -3, 90, -600, 3_600, -18_000, 18_000];
const NOTES = '/dev/shm';

/** Whether a process can be given another clock here. */
export const canJump = LIBRARY !== undefined;

/** A clock of its own for some processes, by the library faketime: it jumps while they run. Where that isn't installed, it is the machine's. */
export class Clock {
    name;
    #file;

    /** file: what tells the library how wrong the clock is. */
    constructor(name, file) {
        this.name = name;
        this.#file = file;
        this.set(0);
    }

    /** What a process needs in its environment to have this clock. How long things take stays right, and the times of files. */
    get env() {
        return canJump ? {
            LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: this.#file, FAKETIME_CACHE_DURATION: '1',
            FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1',
        } : {};
    }

    set(seconds) {
        writeFileSync(this.#file, `${seconds < 0 ? '' : '+'}${seconds}s\n`);
    }

    /** Sets it to another time; answers by how much it is wrong. */
    jump(random) {
        const seconds = random.one(OFFSETS);
        this.set(seconds);

        return seconds;
    }
}

/** The library leaves two files for each process that was started with it: those of processes that have ended are removed. */
export function sweepClocks() {
    for (const name of readdirSync(NOTES)) {
        const [, pid] = name.match(/^(?:sem\.)?faketime_(?:sem|shm)_(\d+)$/) ?? [];
        if (pid && !hasLibrary(pid)) {
            rmSync(`${NOTES}/${name}`, { force: true });
        }
    }
}

/** Numbers of processes are used again. */
function hasLibrary(pid) {
    try {
        return readFileSync(`/proc/${pid}/maps`, 'latin1').includes('libfaketime');
    } catch (error) {
        // Another user's, of which nothing can be said.
        return error.code === 'EACCES';
    }
}
