// Processes, as /proc shows them.
import { readFileSync, readdirSync } from 'node:fs';
import { until } from './until.js';

/** One that has ended but that nobody has asked about counts as gone. */
export function isAlive(pid) {
    return !['', 'Z'].includes(field(pid, 'State').slice(0, 1));
}

export function residentKiB(pid) {
    return Number.parseInt(field(pid, 'VmRSS'), 10);
}

export function userOf(pid) {
    return Number.parseInt(field(pid, 'Uid'), 10);
}

export function descriptors(pid) {
    return readdirSync(`/proc/${pid}/fd`).length;
}

export function childrenOf(pid) {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** The hubs that were started with something of this path. */
export function hubsOf(path) {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
        .filter((pid) => isAlive(pid) && /hub\(/.test(commandOf(pid)) && commandOf(pid).includes(path));
}

/** User and system time so far, in ticks of 10 ms. */
export function cpuTicks(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');

    return Number(fields[11]) + Number(fields[12]);
}

/** Kills a hub and waits until it is gone. */
export async function killHub(pid, signal = 'SIGKILL') {
    process.kill(pid, signal);
    await until(() => !isAlive(pid), 'for the end of the hub');
}

/** Fails early, and says why, where this process may not open so many files. Node.js raises its own soft limit. */
export function needFiles(count) {
    const [, limit] = readFileSync('/proc/self/limits', 'utf8').match(/^Max open files +(\S+)/m);
    if (Number(limit) < count) {
        throw new Error(`This test opens ${count} files, the limit is ${limit}; raise it with ulimit -n`);
    }
}

function commandOf(pid) {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
        return '';
    }
}

function field(pid, name) {
    try {
        return readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${name}:\\s*(.*)$`, 'm'))?.[1] ?? '';
    } catch {
        return '';
    }
}
