// What is done to the servers. What would get into each other's way is in one lane, done one after the other.
import { childrenOf, hubsOf, isAlive, pause } from '../../support/index.js';
import { canJump } from './clock.js';

/** A storm and the calm behind it, in which everything must be well again. */
const STORM_MS = 30_000;
const CALM_MS = 15_000;

/** Runs the lanes of a world for so long: storms with calms between them. */
export async function disturb(world, ms) {
    const end = performance.now() + ms;
    while (performance.now() < end && !world.isOver) {
        const storm = Math.min(end, performance.now() + STORM_MS);
        world.journal.note('a storm begins');
        await Promise.all(lanes(world).map((lane) => run(world, lane, storm)));
        world.journal.note('calm');
        world.isCalm = true;
        const calm = Math.min(CALM_MS, Math.max(0, end - performance.now()));
        for (const from = performance.now(); performance.now() < from + calm && !world.isOver;) {
            await pause(100);
        }
        world.isCalm = false;
    }
}

async function run(world, { name, everyMs, acts }, end) {
    const random = world.lane(name);
    for (;;) {
        await pause(random.between(0.2, 1.8) * everyMs);
        if (performance.now() > end || world.isOver) {
            return;
        }
        await random.weighted(acts)(random);
    }
}

/** Each: its name, how long it pauses on average, and what it does, [weight, act]. */
function lanes(world) {
    const { stack, store, troubles, journal } = world;
    const pids = stack.pids;
    const make = (kind, options, action) => {
        journal.note(kind);

        return troubles.make(kind, options, action);
    };
    const signal = (pid, name) => {
        try {
            process.kill(pid, name);
        } catch {
            // It has ended meanwhile.
        }
    };
    /** Stops processes for a while. */
    const stop = (kind, found, ms, options = {}, meanwhile = () => {}) => make(`${kind} stopped`, options, async () => {
        found.forEach((pid) => signal(pid, 'SIGSTOP'));
        journal.note(`for ${Math.round(ms)} ms`);
        meanwhile();
        await world.rest(ms);
        found.forEach((pid) => signal(pid, 'SIGCONT'));
        journal.note(`${kind} goes on`);
    });
    const workers = () => (isAlive(pids.fpm) ? childrenOf(pids.fpm) : []);
    /** One lane's troubles to FPM and nginx excuse a page that meets them. */
    const excuse = { excuse: true };

    const all = [
        {
            name: 'hub', everyMs: 4_000, acts: [
                [3, () => make('hub killed', {}, () => hubsOf(stack.dir).forEach((pid) => signal(pid, 'SIGKILL')))],
                [2, () => make('hub ended', {}, () => hubsOf(stack.dir).forEach((pid) => signal(pid, 'SIGTERM')))],
                [3, (random) => stop('hub', hubsOf(stack.dir), random.between(200, 4_000), {}, () => {
                    // Who comes back meets it as it is.
                    world.clients.filter(() => random.percent(50)).forEach((client) => client.cut(random.between(0, 500)));
                })],
            ],
        },
        {
            name: 'servers', everyMs: 5_000, acts: [
                [4, (random) => make('worker killed', excuse, () => random.some(workers(), 1).forEach((pid) => signal(pid, 'SIGKILL')))],
                [2, (random) => stop('worker', random.some(workers(), 1), random.between(200, 2_500), excuse)],
                [2, () => make('FPM reloaded', excuse, () => stack.fpm('reload'))],
                [1, () => make('FPM restarted', excuse, async () => {
                    await stack.fpm('quit');
                    pids.fpm = (await stack.fpm('start')).fpm;
                })],
                [1, () => make('FPM stopped at once and started', excuse, async () => {
                    await stack.fpm('stop');
                    pids.fpm = (await stack.fpm('start')).fpm;
                })],
                [1, () => make('library replaced', excuse, async () => {
                    world.replaceExtension();
                    await stack.fpm('reload');
                })],
                [1, () => make('nginx reloaded', excuse, () => signal(pids.web, 'SIGHUP'))],
                [1, () => make('nginx restarted', excuse, async () => {
                    await stack.web('stop');
                    pids.web = (await stack.web('start')).web;
                })],
            ],
        },
        {
            name: 'pushers', everyMs: 3_000, acts: [
                [4, (random) => make('pusher killed', {}, () => random.some(world.pushers.pids, 1).forEach((pid) => signal(pid, 'SIGKILL')))],
                // What it holds then stays locked.
                [2, (random) => stop('pusher', random.some(world.pushers.pids, 1), random.between(100, 4_000))],
                ...(canJump ? [[3, (random) => make('clock set', {}, () => {
                    const clock = random.one(world.clocks);
                    journal.note(`${clock.name} is ${clock.jump(random)} s off`);
                })]] : []),
            ],
        },
        {
            name: 'clients', everyMs: 12_000, acts: [
                [1, (random) => make('all clients cut', {}, () => world.clients.forEach((client) => client.cut(random.between(0, 500))))],
            ],
        },
        { name: 'store', everyMs: 5_000, acts: storeActs(world, { make, stop }) },
    ];

    return world.only ? all.filter(({ name }) => world.only.includes(name)) : all;
}

function storeActs(world, { make, stop }) {
    const { directory, redis, wipes, locks } = world.store;
    const acts = Object.entries(wipes).map(([kind, { wipe, steps }]) => [1, () => make(kind, {}, () => world.ledger.wipe(wipe, steps))]);
    for (const [what, find] of Object.entries(locks)) {
        acts.push([3, async (random) => {
            const holders = find();
            if (holders.length > 0) {
                await make(`${what} held`, {}, async () => {
                    const letGo = await random.one(holders)();
                    const ms = random.between(300, 6_000);
                    world.journal.note(`for ${Math.round(ms)} ms`);
                    await world.rest(ms);
                    await letGo();
                    world.journal.note(`${what} is free again`);
                });
            }
        }]);
    }
    if (directory) {
        acts.push([2, (random) => make('store moved away and back', {}, async () => {
            directory.moveAway();
            if (random.percent(50)) {
                directory.touchModes();
            }
            await world.rest(random.between(100, 3_000));
            directory.moveBack();
            world.journal.note('the store is back');
        })]);
    }
    if (redis) {
        acts.push(
            [3, (random) => make('Redis killed', {}, async () => {
                await redis.kill();
                await world.rest(random.between(0, 3_000));
                await redis.start();
                world.journal.note('Redis is back');
            })],
            [1, () => make('Redis restarted', {}, async () => {
                await redis.stop();
                await redis.start();
            })],
            [2, (random) => stop('Redis', [redis.pid], random.between(200, 5_000))],
        );
    }

    return acts;
}
