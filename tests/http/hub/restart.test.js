// Hubs that start and end, with many clients.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { RawStream, hubsOf, isAlive, killHub, numbers, startStackFor, until } from '../../support/index.js';

const CLIENTS = Number(process.env.SSE_TEST_CLIENTS || 1000);
const CONNECTIONS = ['--connections', String(CLIENTS * 2 + 500)];
/** A hub that is told to end sends its clients away for 3 to 15 s. */
const PATIENT_MS = 60_000;

/** Each client has the numbers from 1 to the last, each once and in order. */
function assertWhole(crowd, last) {
    const expected = numbers(1, last).join();
    const broken = crowd.clients.filter((client) => client.data.join() !== expected);
    const [first] = broken;
    assert.equal(broken.length, 0, `${broken.length} of ${crowd.clients.length} clients have something else, the first ${first?.data}`);
}

test('200 requests at once start exactly one hub', async (t) => {
    const stack = await startStackFor(t, '--workers', '40');
    const crowd = stack.crowd(t, 200, 'herd', { options: { handoff: 'require' } });
    await crowd.connected();
    await stack.holds(200);

    const { hub } = await stack.status();
    await until(() => hubsOf(stack.dir).length <= 1, () => `for those that came too late to end, there are ${hubsOf(stack.dir)}`);
    assert.deepEqual(hubsOf(stack.dir), [hub.pid]);
    await stack.push('herd', 1);
    await crowd.received(1);
});

test(`a hub that is killed with ${CLIENTS} streams is replaced, and nobody loses anything`, async (t) => {
    const stack = await startStackFor(t, ...CONNECTIONS);
    const crowd = stack.crowd(t, CLIENTS, 'killed');
    await crowd.connected();
    await stack.holds(CLIENTS);
    const first = await stack.pid();

    const pushing = stack.pushNumbers('killed', 1, 40);
    await crowd.received(5);
    await killHub(first);
    await pushing;
    await stack.pushNumbers('killed', 41, 60);
    await crowd.received(60, PATIENT_MS);
    assertWhole(crowd, 60);
    await stack.holds(CLIENTS);
    const second = await stack.pid();
    await stack.pushNumbers('killed', 61, 65);
    await crowd.received(65);

    assert.notEqual(second, first);
    assert.deepEqual(hubsOf(stack.dir), [second]);
    assertWhole(crowd, 65);
});

test(`after a full restart with ${CLIENTS} clients nobody loses anything`, async (t) => {
    const stack = await startStackFor(t, ...CONNECTIONS);
    const crowd = stack.crowd(t, CLIENTS, 'restart');
    await crowd.connected();
    await stack.pushNumbers('restart', 1, 10);
    const hub = await stack.pid();

    // As a service manager does it: everybody is told to end, and all is gone before the start.
    process.kill(hub, 'SIGTERM');
    await stack.fpm('stop');
    const pushing = stack.pushNumbers('restart', 11, 40);
    await until(() => !isAlive(hub), 'for the end of the hub');
    await pushing;
    await stack.fpm('start');
    await stack.pushNumbers('restart', 41, 60);
    await crowd.received(60, PATIENT_MS);

    assertWhole(crowd, 60);
    const pauses = new Set(crowd.clients.flatMap((client) => client.retries).filter((ms) => ms >= 3000));
    assert.ok(pauses.size > CLIENTS / 10, `they come back at ${pauses.size} different times`);
});

test('a hub that a service manager runs takes the place of a worker\'s, and outlives a full restart of PHP-FPM', async (t) => {
    const stack = await startStackFor(t);
    const crowd = stack.crowd(t, 20, 'service');
    await crowd.connected();
    const first = await stack.pid();
    const service = spawnHub(stack);
    t.after(() => service.kill());
    await until(() => !isAlive(first), 'for the worker\'s hub to give way');
    await crowd.connected(2, PATIENT_MS);
    await stack.holds(20);
    assert.equal(await stack.pid(), service.pid);

    await stack.fpm('stop');
    await stack.pushNumbers('service', 1, 20);
    await crowd.received(20);
    await stack.fpm('start');
    await stack.pushNumbers('service', 21, 40);
    await crowd.received(40);

    assertWhole(crowd, 40);
    assert.ok(crowd.clients.every((client) => client.connects === 2));
    assert.equal(await stack.pid(), service.pid);
});

/** A hub as the documented unit runs it, as the user of the workers. */
function spawnHub(stack) {
    const { uid, gid } = statSync(`${stack.dir}/hub`);

    return spawn(stack.php, [...stack.flags, '-r', 'exit(Sse\\hub());'], { stdio: 'ignore', uid, gid });
}

test('a hub that is told to end ends its streams cleanly, and sends clients away for 3 to 15 s', async (t) => {
    const stack = await startStackFor(t);
    const streams = await Promise.all(numbers(1, 20).map(() => RawStream.open(stack.stream('drain'))));
    await Promise.all(streams.map((stream) => stream.connected()));
    const pid = await stack.pid();
    await stack.push('drain', 'last');
    process.kill(pid, 'SIGTERM');
    const errors = await Promise.all(streams.map((stream) => stream.end()));
    await until(() => !isAlive(pid), 'for the end of the hub');
    const next = await RawStream.open(stack.stream('drain'), { 'Last-Event-ID': streams[0].events[0].id });
    t.after(() => next.leave());
    await next.received(1);

    assert.deepEqual(errors, streams.map(() => null));
    for (const stream of streams) {
        assert.ok(stream.retries.at(-1) >= 3000 && stream.retries.at(-1) <= 15_000, `retry: ${stream.retries}`);
        assert.match(stream.text, /\n\n$/);
    }
    assert.deepEqual(next.data, ['last']);
    assert.notEqual(await stack.pid(), pid);
});
