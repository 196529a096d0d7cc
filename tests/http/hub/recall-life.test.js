// Recalls through what happens to PHP-FPM, to the hub and to pages: nothing is lost, and pages come first.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
    Closures, Crowd, RawStream, childrenOf, descriptors, isAlive, killHub, numbers, residentKiB, startStackFor, temporaryDirectory, until,
} from '../../support/index.js';

/** What an ordinary page may take, whatever recalls do. */
const PATIENCE_MS = 2000;
const COME_BACK_MS = 60_000;

/** As many clients as wanted, each of a stream with closures. */
function crowdOf(t, closures, count, key, names, query = {}) {
    const crowd = new Crowd(numbers(1, count).map((number) => closures.url(key, names, { who: `client ${number}`, ...query })));
    t.after(() => crowd.leave());

    return crowd;
}

async function startFor(t, ...options) {
    const stack = await startStackFor(t, ...options);

    return { stack, closures: new Closures(stack) };
}

const pushEach = (stack, key, from, to, more = {}) => Promise.all(numbers(from, to).map((n) => stack.push(key, { n, ...more })));

/** Each client has its own of each event, once and in order. */
function assertEach(crowd, last) {
    crowd.clients.forEach(({ data }, index) => {
        assert.deepEqual(data, numbers(1, last).map((n) => ({ who: `client ${index + 1}`, n })));
    });
}

for (const [what, ...options] of [
    ['nginx, FPM on a unix socket', '--listen', 'unix'],
    ['nginx, FPM on TCP', '--listen', 'tcp'],
    ['nginx, kept connections', '--nginx', 'fastcgi_keep_conn on;', '--upstream', 'keepalive 4;', '--workers', '8'],
    ['Caddy', '--server', 'caddy'],
    ['Apache', '--server', 'apache'],
    ['a worker for each request', '--pool', 'pm.max_requests = 1'],
    ['pm = ondemand', '--pm', 'ondemand'],
]) {
    test(`${what}: 20 streams with beforeSend, on two workers, get each event`, async (t) => {
        const { stack, closures } = await startFor(t, '--workers', '2', ...options);
        const crowd = crowdOf(t, closures, 20, 'each', ['beforeSend', 'onLoop']);
        await crowd.connected();
        await stack.holds(20);
        await pushEach(stack, 'each', 1, 10);
        await crowd.received(10);

        assertEach(crowd, 10);
        assert.equal(await stack.page(), 'pong');
    });
}

for (const listen of ['unix', 'tcp']) {
    test(`reloads and restarts of an FPM on ${listen} lose no event`, async (t) => {
        const { stack, closures } = await startFor(t, '--workers', '3', '--listen', listen);
        const crowd = crowdOf(t, closures, 20, 'restarted', ['beforeSend']);
        await crowd.connected();
        await stack.holds(20);
        for (const [round, act] of [
            () => stack.fpm('reload'),
            async () => { await stack.fpm('stop'); await stack.push('restarted', { n: 0, do: 'skip' }); await stack.fpm('start'); },
            () => stack.fpm('reload'),
        ].entries()) {
            const pushing = pushEach(stack, 'restarted', round * 10 + 1, round * 10 + 10);
            await act();
            await pushing;
        }
        await crowd.received(30, COME_BACK_MS);

        assertEach(crowd, 30);
        assert.deepEqual(crowd.clients.map(({ connects }) => connects), crowd.clients.map(() => 1));
    });
}

test('killed workers and killed hubs lose no event', async (t) => {
    const { stack, closures } = await startFor(t, '--workers', '3');
    const crowd = crowdOf(t, closures, 20, 'killed', ['beforeSend']);
    await crowd.connected();
    await stack.holds(20);
    for (const round of numbers(0, 5)) {
        const pushing = pushEach(stack, 'killed', round * 10 + 1, round * 10 + 10);
        if (round % 2) {
            childrenOf(stack.pids.fpm).forEach((pid) => process.kill(pid, 'SIGKILL'));
        } else {
            await killHub(await stack.pid());
        }
        await pushing;
        // A page that asks may be killed with its worker.
        await until(async () => await stack.streams().catch(() => 0) === 20, 'for all streams', COME_BACK_MS);
    }
    await crowd.received(60, COME_BACK_MS);

    assertEach(crowd, 60);
});

test('a hub that is told to end sends its clients away for a while, and they lose nothing', async (t) => {
    const { stack, closures } = await startFor(t, '--workers', '2');
    const crowd = crowdOf(t, closures, 3, 'ends', ['beforeSend']);
    await crowd.connected();
    await stack.holds(3);
    const pid = await stack.pid();
    process.kill(pid, 'SIGTERM');
    await until(() => !isAlive(pid), 'for the end of the hub');
    await pushEach(stack, 'ends', 1, 3);
    await crowd.received(3, COME_BACK_MS);

    assertEach(crowd, 3);
    crowd.clients.forEach(({ retries }) => assert.ok(retries.some((ms) => ms >= 3000), `${retries}`));
});

test('answers that are no stream for a while are asked for again', async (t) => {
    const { stack, closures } = await startFor(t, '--workers', '2', '--ini', 'opcache.enable=0');
    const crowd = crowdOf(t, closures, 3, 'unavailable', ['beforeSend']);
    await crowd.connected();
    await stack.holds(3);
    const script = `${stack.dir}/public/closures.php`;
    const good = readFileSync(script, 'utf8');
    writeFileSync(script, '<?php http_response_code(503); echo "later";');
    await pushEach(stack, 'unavailable', 1, 2);
    await until(async () => (await stack.status()).hub.last_error !== null, 'for a failure');
    const status = await stack.status();
    writeFileSync(script, good);
    await crowd.received(2, COME_BACK_MS);

    assertEach(crowd, 2);
    assert.match(status.hub.last_error, /a recall was answered with status 503/);
    assert.deepEqual(crowd.clients.map(({ connects }) => connects), [1, 1, 1]);
});

describe('pages', { concurrency: true }, () => {
    async function pages(stack, count, init = {}) {
        for (const number of numbers(1, count)) {
            await stack.page('/ping.php', { signal: AbortSignal.timeout(PATIENCE_MS), ...init })
                .catch((error) => assert.fail(`page ${number}: ${error}; ${stack.logs()}`));
        }
    }

    test('a storm of events for 20 streams with slow closures leaves a pool of three to pages', async (t) => {
        const { stack, closures } = await startFor(t, '--workers', '3');
        const crowd = crowdOf(t, closures, 20, 'storm', ['beforeSend']);
        await crowd.connected();
        await stack.holds(20);
        await pushEach(stack, 'storm', 1, 3, { do: 'sleep' });
        await pages(stack, 50);
        await crowd.received(3, COME_BACK_MS);

        crowd.clients.forEach(({ data }) => assert.deepEqual(data.map(({ n }) => n), [1, 2, 3]));
    });

    test('a session that blocks keeps neither pages nor other streams waiting', async (t) => {
        const { stack, closures } = await startFor(t, '--workers', '4', '--ini', 'session.save_path=/tmp');
        const id = await stack.page('/login.php?user=blocked');
        const headers = { Cookie: `PHPSESSID=${id}` };
        const blocked = [];
        for (const _ of numbers(1, 4)) {
            blocked.push(await closures.open(t, 'blocks', ['beforeSend'], { session: '1' }, headers));
        }
        const crowd = crowdOf(t, closures, 5, 'blocks', ['beforeSend']);
        await crowd.connected();
        await stack.holds(9);
        // It has the session's lock when it is told to sleep.
        const sleeping = stack.page('/login.php?sleep=3&note=asleep', { headers });
        await stack.note('asleep');
        await pushEach(stack, 'blocks', 1, 5);
        await pages(stack, 20);
        await crowd.received(5);
        await sleeping;
        await Promise.all(blocked.map((stream) => stream.received(5)));

        assertEach(crowd, 5);
        blocked.forEach(({ data }) => assert.deepEqual(data.map(({ n }) => n), numbers(1, 5)));
    });
});

test('a pool whose socket the hub may not open keeps its streams, and the log says who to name', { skip: process.getuid() !== 0 && 'only root can give a socket to another user' }, async (t) => {
    // As where nginx and the pool have different users, and the socket is nginx's alone.
    const directory = temporaryDirectory('acl', 0o700);
    mkdirSync(`${directory}/store`);
    execFileSync('chown', ['-R', 'nobody:nogroup', directory]);
    const { stack } = await startFor(t, '--workers', '3',
        '--pool', 'user = nobody', '--pool', 'group = nogroup', '--pool', 'listen.mode = 0600',
        '--ini', `sse.dir=${directory}/store`, '--ini', `sse.hub_socket=${directory}/hub.sock`, '--ini', `sse.hub_log=${directory}/hub.log`);
    const url = stack.stream('refused').replace('/stream.php', '/closures.php');
    const stream = await RawStream.open(`${url}&with[]=beforeSend`);
    t.after(() => stream.leave());
    await stream.connected();

    assert.equal(await stack.streams(), 0);
    assert.match(stack.logs(), /listen\.acl_users/);
});

test('20,000 recalls leave memory and descriptors of hub and workers as they were', async (t) => {
    const { stack, closures } = await startFor(t, '--workers', '2', '--ini', 'sse.retention_events=100');
    const crowd = crowdOf(t, closures, 100, 'flat', ['beforeSend']);
    await crowd.connected();
    await stack.holds(100);
    const pids = [await stack.pid(), ...childrenOf(stack.pids.fpm)];
    const look = () => pids.map((pid) => ({ memory: residentKiB(pid), files: descriptors(pid) }));
    const round = async (from, to) => {
        for (const n of numbers(from, to)) {
            await stack.push('flat', { n });
            await crowd.received(n);
        }
    };
    await round(1, 20);
    const before = look();
    await round(21, 220);
    const after = look();

    assert.ok((await stack.status()).hub.recalls >= 20_000);
    after.forEach(({ memory, files }, index) => {
        assert.ok(memory - before[index].memory < 2048, `${before[index].memory} to ${memory} KiB`);
        assert.ok(files <= before[index].files + 2, `${before[index].files} to ${files} descriptors`);
    });
});
