import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { createParser } from 'eventsource-parser';
import { Store } from '../../support/builtin.js';
import { Listener, RawStream, childrenOf, clients, isAlive, isPlain, notInPlainPhp, numbers, streamUrl, until, within } from '../../support/index.js';

const ping = async (url) => (await within(fetch(`${url}/ping.php`), 'for a page')).text();

test('php -S: a stream ends after a second with a short retry, and says in the log how to get workers', async (t) => {
    const { url, server } = await new Store(t).serve();
    const stream = await RawStream.open(streamUrl(url, 'single'));

    assert.equal(await stream.end(), null);
    assert.equal(stream.retries.at(-1), 500);
    assert.match(server.errors, /PHP_CLI_SERVER_WORKERS/);
});

test('php -S: a page is answered while a client listens', async (t) => {
    const { url } = await new Store(t).serve();
    const listener = new Listener(clients.eventsource, streamUrl(url, 'page'));
    t.after(() => listener.close());
    await listener.connected();

    assert.equal(await ping(url), 'pong');
});

for (const [client, EventSource] of Object.entries(clients)) {
    test(`php -S and ${client}: every event arrives once, though each stream is short`, async (t) => {
        const store = new Store(t);
        const { url } = await store.serve();
        const listener = new Listener(EventSource, streamUrl(url, 'short'));
        t.after(() => listener.close());
        for (const round of [1, 2, 3]) {
            await listener.connected(round);
            for (const number of numbers(round * 10, round * 10 + 9)) {
                await store.push('short', number);
            }
        }
        await listener.received(30);

        assert.deepEqual(listener.data, numbers(10, 39));
    });
}

test('php -S with workers: a stream stays open, and pages are answered meanwhile', async (t) => {
    const store = new Store(t);
    const { url } = await store.serve({ PHP_CLI_SERVER_WORKERS: '3' });
    const stream = await RawStream.open(streamUrl(url, 'workers', { options: { heartbeat: 1 } }));
    await stream.connected();
    assert.equal(await ping(url), 'pong');
    // Two heartbeats: that is longer than a stream lasts without workers.
    await until(() => stream.comments.length >= 2, 'for two heartbeats');
    await store.push('workers', 1);
    await stream.received(1);
    await stream.leave();

    assert.deepEqual(stream.data, [1]);
});

test('php -S with workers: streams that hold all of them give one to a page', notInPlainPhp('they never hold all'), async (t) => {
    const { url, server } = await new Store(t).serve({ PHP_CLI_SERVER_WORKERS: '2' });
    const streams = [];
    t.after(() => Promise.all(streams.map((stream) => stream.leave())));
    // Also the server's first process takes requests. One after the other: a process may take two at once.
    for (const number of numbers(1, 3)) {
        streams.push(await RawStream.open(streamUrl(url, `all ${number}`)));
        await streams.at(-1).connected();
    }

    assert.equal(await ping(url), 'pong');
    assert.equal(await Promise.race(streams.map((stream) => stream.end())), null);
    assert.match(server.errors, /gives its worker back/);
});

// The extension sees requests that no worker has taken; what this one has, it doesn't look at.
isPlain && test('php -S with workers: a stream gives way to a request whose connection its worker has taken before', async (t) => {
    // One process: of several, which of them takes two is chance.
    const { url, server } = await new Store(t).serve({ PHP_CLI_SERVER_WORKERS: '1' });
    const waiting = connect({ port: new URL(url).port, host: '127.0.0.1' });
    t.after(() => waiting.destroy());
    await once(waiting, 'connect');
    const stream = await RawStream.open(streamUrl(url, 'behind', { options: { heartbeat: 3600 } }));
    await stream.connected();

    waiting.write('GET /ping.php HTTP/1.0\r\n\r\n');

    assert.match(String((await within(once(waiting, 'data'), 'for a page'))[0]), /^HTTP\/1\.0 200 OK/);
    assert.equal(await stream.end(), null);
    assert.match(server.errors, /gives its worker back/);
});

test('php -S with workers: who leaves frees a worker, and a server that is told to stop ends its streams with whole frames', async (t) => {
    const store = new Store(t);
    // A number of one's own: streams stay, whoever waits.
    const { url, server } = await store.serve({ PHP_CLI_SERVER_WORKERS: '3' }, '-d', 'sse.worker_streams=100');
    const address = streamUrl(url, 'whole', { options: { heartbeat: 1, replay: 'none' }, note: 'ends' }).replace('/stream.php', '/noted.php');
    const open = async () => {
        const stream = await RawStream.open(address);
        t.after(() => stream.leave());
        await stream.connected();

        return stream;
    };
    const ends = async (how) => (await store.read('ends')).filter(({ end }) => end === how).length;
    const streams = [await open(), await open()];
    assert.equal(await ping(url), 'pong');
    await store.push('whole', 'to both');
    await Promise.all(streams.map((stream) => stream.received(1)));
    assert.deepEqual(streams.map(({ data }) => data), [['to both'], ['to both']]);
    for (const round of numbers(1, 3)) {
        await streams.shift().leave();
        streams.push(await open());
        assert.equal(await ping(url), 'pong', `after ${round} left`);
    }
    await until(async () => await ends('client-left') === 3, 'for the end of those who left');
    const processes = [server.pid, ...childrenOf(server.pid)];
    assert.equal(processes.length, 4);
    // As Ctrl-C does it: all of them.
    processes.forEach((pid) => process.kill(pid, 'SIGINT'));

    assert.deepEqual(await Promise.all(streams.map((stream) => stream.end())), [null, null]);
    for (const { text } of streams) {
        assert.match(text, /\n\n$/);
    }
    await within(server.ended, 'for the end of the server');
    await until(() => !processes.some(isAlive), 'for the end of its workers');
    assert.equal(await ends('shutdown'), 2);
});

test('command line: a stream prints its frames and ends with its lifetime', async (t) => {
    const store = new Store(t);
    const code = 'echo "\n", Sse\\stream("cli", ["lifetime" => 1])->name;';
    const program = store.run(code);
    await program.says('event: connected\n');
    await store.push('cli', { number: 1 }, 'count');

    assert.equal(await within(program.ended, 'for its end'), 0);
    const events = [];
    createParser({ onEvent: ({ event, data }) => events.push([event, data]) }).feed(program.output);
    assert.deepEqual(events.slice(1), [['count', '{"number":1}']]);
    assert.match(program.output, /\nLifetime$/);
});

test('command line: a stream ends when nobody reads it any more', async (t) => {
    const store = new Store(t);
    const program = store.run('fwrite(STDERR, Sse\\stream("cli", ["heartbeat" => 1])->name);');
    await program.says('event: connected\n');
    program.stopListening();

    await within(program.ended, 'for its end');
    assert.equal(program.errors, 'ClientLeft');
});
