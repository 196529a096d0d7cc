// Storms over a stack with random clients; see docs/reliability.md. Settings come as environment variables:
//
//   MINUTES=5     how long
//   ENGINE=file   file, sqlite, redis, or all of them side by side
//   SEED=1        repeats what another run did, in the same order
//   ONLY=hub      only these kinds of disturbances, separated by commas: hub, servers, pushers, clients, store
//   TIMED=no      only what is delivered counts, not when: for a machine that has other things to do
//   LOGS=DIR      where the logs of a run are kept in which something broke
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { canJump } from './lib/clock.js';
import { engines } from './lib/engines.js';
import { HEAD, details, summary } from './lib/summary.js';
import { World } from './lib/world.js';

const { ENGINE = 'file', MINUTES = '5', ONLY = '', TIMED = 'yes' } = process.env;
const SEED = process.env.SEED || String(Math.floor(Math.random() * 1e9));
const LOGS = process.env.LOGS || fileURLToPath(new URL('../../target/chaos', import.meta.url));

if (!(Number(MINUTES) > 0) || (ENGINE !== 'all' && !engines[ENGINE])) {
    console.error(`MINUTES must be a number above 0, and ENGINE one of ${Object.keys(engines).join(', ')} or all`);
    process.exit(2);
}
process.exitCode = await (ENGINE === 'all' ? runAll() : runOne(ENGINE));

/** Each engine in a process of its own. */
async function runAll() {
    const rows = [];
    const runs = Object.keys(engines).map(async (engine) => {
        const env = { ...process.env, ENGINE: engine, MINUTES, SEED };
        const run = spawn(process.execPath, [fileURLToPath(import.meta.url)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
        createInterface({ input: run.stdout }).on('line', (line) => {
            if (line.startsWith(`| ${engine} |`)) {
                rows.push(line);
            } else if (!line.startsWith('| ')) {
                console.log(line);
            }
        });
        for (const signal of ['SIGINT', 'SIGTERM']) {
            process.on(signal, () => run.kill(signal));
        }
        const [status] = await once(run, 'close');

        return status ?? 1;
    });
    const statuses = await Promise.all(runs);
    console.log(`\n${HEAD}\n${rows.sort().join('\n')}`);

    return Math.max(...statuses);
}

async function runOne(engine) {
    console.log(`${engine}: ${MINUTES} minutes, SEED=${SEED}`);
    const world = new World({ engine, seed: SEED, only: ONLY ? ONLY.split(',') : null, isTimed: TIMED !== 'no' });
    for (const signal of ['SIGINT', 'SIGTERM']) {
        process.on(signal, () => { world.isOver = true; });
    }
    if (!canJump) {
        console.log(`${engine}: CLOCKS DO NOT JUMP: THERE IS NO faketime HERE`);
    }
    const begun = performance.now();
    let isBroken = false;
    // Whatever happens here, what was started is stopped.
    process.on('uncaughtException', (error) => {
        isBroken = true;
        world.isOver = true;
        world.journal.tell(`the run itself broke: ${error.stack}`);
    });
    try {
        await world.start();
        await world.run(Number(MINUTES) * 60_000);
    } catch (error) {
        isBroken = true;
        world.journal.tell(`the run itself broke: ${error.stack}`);
    }
    const ms = performance.now() - begun;
    isBroken ||= world.verdicts.total > 0;
    if (isBroken && world.stack) {
        const directory = `${LOGS}/${engine}-${SEED}-${Date.now()}`;
        world.keepLogs(directory);
        console.log(`${engine}: logs and journal are kept in ${directory}`);
    }
    await world.stop();
    if (world.pages && world.clients.length > 0) {
        console.log(`${details(world).replace(/^/gm, `${engine}: `)}\n${HEAD}\n${summary(world, ms)}`);
    }

    return isBroken ? 1 : 0;
}
