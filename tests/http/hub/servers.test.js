// What every server between a browser and the hub must let through.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Listener, Proxy, RawStream, clients, fetch, http2, numbers, startStack, streamUrl, until, within } from '../../support/index.js';

const KEPT = ['--nginx', 'fastcgi_keep_conn on;', '--upstream', 'keepalive 4;'];

for (const [name, protocols, ...options] of [
    ['nginx', ['HTTP/1.1', 'HTTP/2'], '--listen', 'unix', '--http2'],
    ['nginx, FPM on TCP', ['HTTP/1.1', 'HTTP/2'], '--listen', 'tcp', '--http2'],
    // nginx keeps connections to workers: some more of these.
    ['nginx, kept connections', ['HTTP/1.1', 'HTTP/2'], '--listen', 'unix', '--http2', '--workers', '8', ...KEPT],
    ['nginx, kept connections, FPM on TCP', ['HTTP/1.1', 'HTTP/2'], '--listen', 'tcp', '--http2', '--workers', '8', ...KEPT],
    ['nginx, keep-alive asked of FPM, and none kept', ['HTTP/1.1'], '--nginx', 'fastcgi_keep_conn on;'],
    ['Caddy', ['HTTP/1.1'], '--server', 'caddy'],
    ['Caddy, FPM on TCP', ['HTTP/1.1'], '--server', 'caddy', '--listen', 'tcp'],
    ['Apache', ['HTTP/1.1'], '--server', 'apache'],
    ['Apache, FPM on TCP', ['HTTP/1.1'], '--server', 'apache', '--listen', 'tcp'],
]) {
    describe(name, () => {
        let stack;
        before(async () => {
            // Some servers notice that a client left only when there is something to write.
            stack = await startStack('--workers', '2', '--ini', 'sse.heartbeat=1', ...options);
        });
        after(() => stack?.stop());
        for (const protocol of protocols) {
            describe(protocol, () => promises(protocol, () => stack));
        }
    });
}

function promises(protocol, stack) {
    const address = () => (protocol === 'HTTP/2' ? stack().http2 : stack().url);
    const named = (key) => `${protocol} ${key}`;
    const push = (key, data) => stack().push(named(key), data);
    const pushNumbers = (key, first, last) => stack().pushNumbers(named(key), first, last);
    const init = {};
    before(() => {
        if (protocol === 'HTTP/2') {
            init.dispatcher = http2();
        }
    });
    after(() => init.dispatcher?.destroy());

    async function open(t, key, options = {}) {
        const stream = await RawStream.open(streamUrl(address(), named(key), { options }), {}, init);
        t.after(() => stream.leave());

        return stream;
    }

    function listen(t, key, options = {}, base = address()) {
        const listener = new Listener(clients.undici, streamUrl(base, named(key), { options }), ['message'], init);
        t.after(() => listener.close());

        return listener;
    }

    test('20 streams leave both workers free, and all get an event', async (t) => {
        const streams = await Promise.all(numbers(1, 20).map(() => open(t, 'free', { handoff: 'require' })));
        await Promise.all(streams.map((stream) => stream.connected()));
        const status = await stack().status();
        await push('free', 'for all');
        await Promise.all(streams.map((stream) => stream.received(1)));

        assert.equal(status.tier, 'hub');
        assert.ok(status.hub.streams >= 20, `the hub has ${status.hub.streams}`);
        assert.equal(await stack().page(), 'pong');
        for (const stream of streams) {
            assert.equal(stream.response.status, 200);
            assert.match(stream.response.headers.get('content-type'), /^text\/event-stream\b/);
            assert.deepEqual(stream.data, ['for all']);
        }
    });

    test('events arrive complete and in order', async (t) => {
        const streams = await Promise.all(numbers(1, 5).map(() => open(t, 'order')));
        await Promise.all(streams.map((stream) => stream.connected()));
        const text = (number) => 'ü\n'.repeat(number * number % 5000);
        await Promise.all(numbers(1, 300).map((number) => push('order', { number, text: text(number) })));
        await Promise.all(streams.map((stream) => stream.received(300)));

        for (const { data } of streams) {
            assert.deepEqual(data, numbers(1, 300).map((number) => ({ number, text: text(number) })));
        }
    });

    test('an EventSource that is cut resumes without loss or double', async (t) => {
        const proxy = await Proxy.to(address());
        t.after(() => proxy.close());
        const listener = listen(t, 'cut', {}, proxy.url);
        await listener.connected();
        const pushing = pushNumbers('cut', 1, 200);
        await listener.received(20);
        proxy.cut();
        await pushing;
        proxy.mend();
        await listener.received(200);
        await push('cut', 201);
        await listener.received(201);

        assert.deepEqual(listener.data, numbers(1, 201));
        assert.ok(listener.connects >= 2, 'it had to connect again');
    });

    test('a stream that reaches its lifetime ends cleanly, tells when to come back, and goes on without a seam', async (t) => {
        const stream = await open(t, 'end', { lifetime: 1 });
        const listener = listen(t, 'lifetime', { lifetime: 1 });
        for (const round of [1, 2, 3]) {
            await listener.connected(round);
            await pushNumbers('lifetime', round * 100 + 1, round * 100 + 100);
        }
        await listener.received(300);

        assert.equal(await stream.end(), null);
        assert.equal(stream.retries.at(-1), 100);
        assert.deepEqual(listener.data, numbers(101, 400));
    });

    test('an idle stream has comments as heartbeats', async (t) => {
        const stream = await open(t, 'idle');
        await until(() => stream.comments.length >= 2, 'for two heartbeats');

        assert.deepEqual(stream.events.map(({ event }) => event), ['connected']);
    });

    test('clients that leave are gone from the hub', async (t) => {
        await stack().holds(0); // those of other tests, too
        const streams = await Promise.all(numbers(1, 10).map(() => open(t, 'leave')));
        await Promise.all(streams.map((stream) => stream.connected()));
        await stack().holds(10);
        await Promise.all(streams.map((stream) => stream.leave()));

        await stack().holds(0);
    });

    test('HEAD is answered with the headers alone, and the hub has nothing of it', async () => {
        await stack().holds(0);
        const answer = await within(fetch(streamUrl(address(), named('head')), { method: 'HEAD', ...init }), 'for HEAD');

        assert.equal(answer.status, 200);
        assert.match(answer.headers.get('content-type'), /^text\/event-stream\b/);
        assert.equal(await answer.text(), '');
        assert.equal(await stack().streams(), 0);
        assert.equal(await stack().page(), 'pong');
    });
}
