import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Fleet } from './fleet.js';
import { numbers } from './numbers.js';
import { RawStream } from './raw.js';
import { startStack } from './stack.js';
import { until, within } from './until.js';
import { isAlive, needFiles } from './process.js';

export { Fleet } from './fleet.js';
export { launchBrowser } from './chromium.js';
export { fetch, http2 } from './http2.js';
export { Listener, clients } from './listener.js';
export { numbers } from './numbers.js';
export { Proxy } from './proxy.js';
export { Pusher } from './pusher.js';
export { RawStream } from './raw.js';
export { startStack, streamUrl } from './stack.js';
export { until, within } from './until.js';

/** A stack with what these tests ask of it, two FPM workers unless told otherwise. It ends with the test. */
export async function startHubStack(t, ...options) {
    const stack = await startStack('--workers', '2', ...options);
    t.after(() => stack.stop());

    return withHub(stack);
}

/** A stack, and its hub as a page sees it. */
export function withHub(stack) {
    const hub = {
        ...stack,
        async page(path = '/ping.php', init = {}) {
            const answer = await within(fetch(stack.url + path, init), `for ${path}`);
            const text = await answer.text();
            if (!answer.ok) {
                throw new Error(`${path} answered ${answer.status}: ${text}`);
            }

            return text;
        },
        status: async (init) => JSON.parse(await hub.page('/status.php', init)),
        /** The hub's pid, from its status, once it serves. */
        pid: async () => (await hub.status()).hub.pid,
        streams: async () => (await hub.status()).hub?.streams ?? 0,
        /** Waits until the hub holds so many streams. */
        async holds(count, deadlineMs = undefined) {
            let streams;
            await until(async () => {
                streams = await hub.streams();

                return streams === count;
            }, () => `for a hub with ${count} streams, it has ${streams}; ${hub.logs()}`, deadlineMs);
        },
        pushNumbers: (key, first, last) => Promise.all(numbers(first, last).map((number) => stack.push(key, number))),
        /** As many clients as wanted, all of one key. */
        fleet(t, count, key, query = {}) {
            needFiles(2 * count + 200);
            const fleet = new Fleet(numbers(1, count).map(() => stack.stream(key, query)));
            t.after(() => fleet.leave());

            return fleet;
        },
        /** A stream of noted.php, and what it noted; see there for the query. */
        async openNoted(t, key, query = {}) {
            const note = `note of ${key}`;
            const url = stack.stream(key, { ...query, note }).replace('/stream.php', '/noted.php');
            const stream = await RawStream.open(url);
            t.after(() => stream.leave());

            return { stream, note: () => hub.note(note) };
        },
        note: (key) => until(
            async () => JSON.parse(await hub.page(`/read.php?key=${encodeURIComponent(key)}`))[0],
            `for the ${key}; ${hub.logs()}`,
        ),
        /** What the servers and the hub logged, shortened to its end. */
        logs: () => ['nginx.log', 'fpm.log', 'fpm.out', 'hub/hub.log']
            .map((name) => [name, readOr(`${stack.dir}/${name}`, '').slice(-1000)])
            .filter(([, text]) => text)
            .map(([name, text]) => `${name}: ${text}`)
            .join('\n'),
        /** The lines that PHP wrote to its error log, which nginx keeps, that speak of the hub. */
        complaints: () => readOr(`${stack.dir}/nginx.log`, '').match(/PHP message: .*hub.*/gi) ?? [],
    };

    return hub;
}

/** Kills the hub and waits until it is gone. */
export async function killHub(pid, signal = 'SIGKILL') {
    process.kill(pid, signal);
    await until(() => !isAlive(pid), 'for the end of the hub');
}

export function readOr(file, otherwise) {
    return existsSync(file) ? readFileSync(file, 'utf8') : otherwise;
}

/** A directory of the web user's that is removed in the end. */
export function sharedDirectory() {
    const directory = mkdtempSync('/tmp/sse-shared-');
    // A test's hooks run in their order, and its servers still write there.
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    if (process.getuid() === 0) {
        execFileSync('chown', ['www-data:www-data', directory]);
    }
    chmodSync(directory, 0o2770);

    return directory;
}
