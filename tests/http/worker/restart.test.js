import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fetch } from 'undici';
import { Listener, RawStream, clients, startStack, until } from '../../support/index.js';

let stack;
// What the hub holds, no restart of PHP-FPM ends: that is in ../hub.
before(async () => { stack = await startStack('--workers', '4', '--ini', 'sse.hub=off'); });
after(() => stack?.stop());

test('a graceful stop of PHP-FPM ends its streams cleanly, and they resume', async () => {
    const stream = await RawStream.open(stack.stream('graceful'));
    await stream.connected();
    await stack.push('graceful', 1);
    await stream.received(1);

    const { ended } = await stack.fpm('quit');
    const error = await stream.end();
    await stack.push('graceful', 2);
    await stack.fpm('start');
    const resumed = await RawStream.open(stack.stream('graceful'), { 'Last-Event-ID': stream.lastId });
    await resumed.received(1);
    await resumed.leave();

    assert.equal(ended, true, 'PHP-FPM ends by itself, before it loses patience with a worker');
    assert.equal(error, null);
    assert.deepEqual(resumed.data, [2]);
});

test('a graceful stop of PHP-FPM tells the clients of its streams to come back later, and not all at once', async () => {
    const stream = await RawStream.open(stack.stream('later'));
    await stream.connected();

    await stack.fpm('quit');
    await stream.end();
    await stack.fpm('start');

    assert.equal(stream.comments.at(-1), 'the server ends this stream, come back later');
    assert.ok(stream.retries.at(-1) >= 3_000 && stream.retries.at(-1) <= 15_000, stream.text);
});

test('while PHP-FPM is away a page gets 503, and a stream an empty one that says to come back', async () => {
    await stack.fpm('stop');
    const page = await fetch(`${stack.url}/ping.php`);
    const stream = await RawStream.open(stack.stream('away'));
    await stream.end();
    await stack.fpm('start');

    assert.equal(page.status, 503);
    assert.equal(stream.response.status, 200);
    assert.equal(stream.text, 'retry: 1000\n\n');
});

for (const [client, EventSource] of Object.entries(clients)) {
    for (const how of ['quit', 'stop']) {
        test(`${client}: comes back through a restart of PHP-FPM (${how}), and misses nothing`, async (t) => {
            const key = `restart ${how} ${client}`;
            let empties = 0;
            const listener = new Listener(EventSource, stack.stream(key));
            t.after(() => listener.close());
            listener.onOpen(() => { empties++; });
            await listener.connected();
            await stack.push(key, 1);
            await listener.received(1);

            await stack.fpm(how);
            await stack.push(key, 2);
            // Opened again, and not by PHP: that was the empty stream of error_page.
            await until(() => empties > listener.connects, 'for an answer while PHP-FPM is away');
            await stack.push(key, 3);
            await stack.fpm('start');
            await stack.push(key, 4);
            await listener.received(4);

            assert.deepEqual(listener.data, [1, 2, 3, 4]);
            assert.equal(listener.isClosed, false);
        });
    }
}
