// Ordinary pages beside streams that hold workers: a page never waits long for one, and no event is lost for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Crowd, RawStream, holdFile, killHub, numbers, startStackFor, until } from '../../support/index.js';
import { Redis } from '../../support/redis.js';

/** What an ordinary page may take, whatever streams do. */
const PATIENCE_MS = 2000;
const COME_BACK_MS = 60_000;

/** Asks for so many pages, one after the other. */
async function pages(stack, count) {
    for (const number of numbers(1, count)) {
        await stack.page('/ping.php', { signal: AbortSignal.timeout(PATIENCE_MS) })
            .catch((error) => assert.fail(`page ${number}: ${error}; ${stack.logs()}`));
    }
}

test('a hub that is stopped while clients connect keeps no page waiting, and no client for good', async (t) => {
    const stack = await startStackFor(t, '--workers', '4');
    const first = await RawStream.open(stack.stream('stopped'));
    t.after(() => first.leave());
    await first.connected();
    const pid = await stack.pid();
    process.kill(pid, 'SIGSTOP');
    t.after(() => process.kill(pid, 'SIGCONT'));
    const crowd = stack.crowd(t, 20, 'stopped');
    await pages(stack, 30);
    await stack.push('stopped', 1);
    process.kill(pid, 'SIGCONT');
    await pages(stack, 30);

    await crowd.received(1, COME_BACK_MS);
    await stack.holds(21, COME_BACK_MS);
    assert.deepEqual(crowd.clients.map(({ data }) => data), crowd.clients.map(() => [1]));
});

test('clients that come back while Redis hangs keep no page waiting, and have their stream when it is back', async (t) => {
    const redis = await Redis.start(t);
    const stack = await startStackFor(t, '--workers', '4', '--ini', `sse.dsn=${redis.dsn}`);
    const crowd = stack.crowd(t, 20, 'hangs');
    await crowd.connected();
    await stack.push('hangs', 1);
    await crowd.received(1);
    redis.hang();
    await killHub(await stack.pid());
    await pages(stack, 60);
    redis.goOn();
    await pages(stack, 10);
    await stack.push('hangs', 2);

    await crowd.received(2, COME_BACK_MS);
    assert.deepEqual(crowd.clients.map(({ data }) => data), crowd.clients.map(() => [1, 2]));
});

test('clients whose streams meet a locked store keep no page waiting, in the hub and in the worker, and have them when it is free', async (t) => {
    const stack = await startStackFor(t, '--workers', '4');
    await stack.push('known', 0);
    const letGo = await holdFile(`${stack.store}/lock`);
    t.after(letGo);
    const urls = numbers(1, 20).map((number) => stack.stream(`new ${number}`, number % 2 ? {} : { closure: 'onLoop', options: { handoff: 'never' } }));
    const crowd = new Crowd(urls.map((url, index) => (index % 2 ? url.replace('/stream.php', '/noted.php') : url)));
    t.after(() => crowd.leave());
    await pages(stack, 60);
    await letGo();
    for (const number of numbers(1, 20)) {
        await stack.push(`new ${number}`, number);
    }

    await crowd.received(1, COME_BACK_MS);
    assert.deepEqual(crowd.clients.map(({ data }) => data), numbers(1, 20).map((number) => [number]));
});

describe('in pools of each kind', { concurrency: true }, () => {
    for (const [pm, workers] of [['static', 5], ['dynamic', 5], ['ondemand', 5], ['static', 1]]) {
        test(`streams in workers leave a pool of ${workers}, ${pm}, to pages and lose nothing for it`, async (t) => {
            const stack = await startStackFor(t, '--workers', String(workers), '--pm', pm);
            const url = stack.stream('closures', { options: { handoff: 'never' }, note: 'ends' }).replace('/stream.php', '/noted.php');
            const crowd = new Crowd(numbers(1, 8).map(() => url));
            t.after(() => crowd.leave());
            await until(() => crowd.clients.some(({ connects }) => connects > 0), 'for a stream');
            for (const round of numbers(1, 5)) {
                await pages(stack, 10);
                await stack.push('closures', round);
            }

            await until(() => crowd.clients.every(({ data }) => data.at(-1) === 5), () => `for the last event, ${JSON.stringify(crowd.clients.map(({ data }) => data))}`, COME_BACK_MS);
            await pages(stack, 10);
            for (const { data } of crowd.clients) {
                // Who comes for the first time gets the newest, and then each once.
                assert.deepEqual(data, numbers(data[0], 5));
            }
        });
    }
});

for (const listen of ['unix', 'tcp']) {
    test(`streams that come at once all stay where a worker is left, with FPM on ${listen}`, async (t) => {
        const stack = await startStackFor(t, '--workers', '4', '--listen', listen);
        const opened = await Promise.all(numbers(1, 3).map((number) => stack.openNoted(t, `at once ${number}`, { options: { handoff: 'never' } })));
        await Promise.all(opened.map(({ stream }) => stream.connected()));
        await Promise.all(numbers(1, 3).map((number) => stack.push(`at once ${number}`, number)));
        await Promise.all(opened.map(({ stream }) => stream.received(1)));

        // One that is to go is told when to come back.
        assert.deepEqual(opened.map(({ stream }) => stream.retries.length), [1, 1, 1]);
    });
}

test('a stream that holds the only worker gives it to a page that waits, and says so', async (t) => {
    const stack = await startStackFor(t, '--workers', '1');
    const { stream, note } = await stack.openNoted(t, 'only', { buffer: 1 });
    await stream.connected();
    await pages(stack, 1);

    assert.equal(await stream.end(), null);
    assert.equal((await note()).end, 'full');
    assert.ok(stream.retries.at(-1) >= 3000);
    assert.match(stack.logs(), /gives its worker back/);
    const again = await stack.openNoted(t, 'again', { buffer: 1 });
    await again.stream.connected();
    assert.equal(stack.complaints().filter((line) => line.includes('go to the hub')).length, 1);
});
