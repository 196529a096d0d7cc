// The hub reads every engine; one that waits for a server keeps no other waiting.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Listener, Proxy, Pusher, RawStream, clients, hubsOf, killHub, numbers, sharedDirectory, startStackFor, streamUrl } from '../../support/index.js';
import { Redis } from '../../support/redis.js';

for (const [engine, dsn] of [
    ['sqlite', async () => `sqlite://${sharedDirectory()}/events.sqlite`],
    ['redis', async (t) => (await Redis.start(t)).dsn],
]) {
    describe(engine, () => {
        test('40 streams leave both workers free, and all get every event once and in order', async (t) => {
            const stack = await startStackFor(t, '--ini', `sse.dsn=${await dsn(t)}`);
            const crowd = stack.crowd(t, 40, 'order', { options: { handoff: 'require' } });
            await crowd.connected();
            await stack.holds(40);
            await stack.pushNumbers('order', 1, 300);
            await crowd.received(300);

            for (const client of crowd.clients) {
                assert.deepEqual(client.data, numbers(1, 300));
            }
        });

        test('an EventSource that is cut resumes without loss or double, also with another hub', async (t) => {
            const stack = await startStackFor(t, '--ini', `sse.dsn=${await dsn(t)}`);
            const proxy = await Proxy.to(stack.url);
            t.after(() => proxy.close());
            const listener = listen(t, streamUrl(proxy.url, ['cut', 'other key']));
            await listener.connected();
            const pushing = stack.pushNumbers('cut', 1, 200);
            await listener.received(20);
            proxy.cut();
            await killHub(await stack.pid());
            await pushing;
            await stack.pushNumbers('other key', 201, 210);
            proxy.mend();
            await listener.received(210);

            assert.deepEqual(listener.data.filter((number) => number <= 200), numbers(1, 200));
            assert.deepEqual(listener.data.filter((number) => number > 200), numbers(201, 210));
        });
    });
}

test('a Redis that is restarted leaves the streams open, and they go on', async (t) => {
    const redis = await Redis.start(t);
    const stack = await startStackFor(t, '--ini', `sse.dsn=${redis.dsn}`);
    const listener = listen(t, stack.stream('restart'));
    await listener.connected();
    await stack.pushNumbers('restart', 1, 20);
    await listener.received(20);
    await redis.stop();
    const { hub: without } = await stack.status();
    await redis.start();
    await stack.pushNumbers('restart', 21, 40);
    await listener.received(40);

    assert.equal(without.streams, 1);
    assert.deepEqual(listener.data, numbers(1, 40));
    assert.equal(listener.connects, 1);
});

test('a Redis that hangs keeps no other stream waiting, and its own go on when it is back', async (t) => {
    const redis = await Redis.start(t);
    // The socket is set, so one hub serves both stores.
    const stack = await startStackFor(t, '--ini', 'sse.heartbeat=1');
    const options = { handoff: 'require', dsn: `${redis.dsn}?timeout=0.5` };
    const theirs = numbers(1, 20).map((number) => listen(t, stack.stream(`key ${number}`, { options })));
    const own = listen(t, stack.stream('own', { options: { handoff: 'require' } }));
    await Promise.all([own, ...theirs].map((listener) => listener.connected()));
    redis.hang();
    // The hub asks Redis for each of these, unless it knows better.
    const refused = await Promise.all(numbers(1, 5).map((number) => RawStream.open(stack.stream(`new ${number}`, { options }))));
    for (const round of numbers(1, 20)) {
        await stack.push('own', round);
        await own.received(round);
    }
    redis.goOn();
    const pusher = new Pusher(stack.php, [...stack.flags, '-d', `sse.dsn=${redis.dsn}`]);
    t.after(() => pusher.close());
    await Promise.all(theirs.map((_, index) => pusher.push(`key ${index + 1}`, 'back')));
    await Promise.all(theirs.map((listener) => listener.received(1)));

    assert.deepEqual(refused.map(({ response }) => response.status), Array(5).fill(500));
    assert.deepEqual(own.data, numbers(1, 20));
    for (const listener of theirs) {
        assert.deepEqual([listener.data, listener.connects], [['back'], 1]);
    }
});

test('streams of a server have another hub than those of files', async (t) => {
    const redis = await Redis.start(t);
    const base = sharedDirectory();
    const stack = await startStackFor(t, '--ini', 'sse.hub_socket=', '--ini', 'sse.hub_log=', '--pool', `env[TMPDIR] = ${base}`);
    t.after(() => Promise.all(hubsOf(base).map((pid) => killHub(pid, 'SIGTERM'))));
    const pusher = new Pusher(stack.php, [...stack.flags, '-d', `sse.dsn=${redis.dsn}`]);
    t.after(() => pusher.close());
    const own = listen(t, stack.stream('key', { options: { handoff: 'require' } }));
    const others = listen(t, stack.stream('key', { options: { handoff: 'require', dsn: redis.dsn } }));
    await own.connected();
    await others.connected();
    await stack.push('key', 'file');
    await pusher.push('key', 'redis');
    await own.received(1);
    await others.received(1);

    assert.deepEqual([own.data, others.data], [['file'], ['redis']]);
    assert.equal((await stack.status()).hub.streams, 1);
    assert.equal(hubsOf(base).length, 2);
});

function listen(t, url) {
    const listener = new Listener(clients.undici, url, ['message']);
    t.after(() => listener.close());

    return listener;
}
