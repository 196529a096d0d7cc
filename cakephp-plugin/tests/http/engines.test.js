import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Listener, RawStream, clients, isPlain, numbers, until } from '../../../tests/support/index.js';
import { startCake } from './lib/cake.js';

/** The hub carries the streams; in plain PHP each holds a worker. */
const WORKERS = isPlain ? '4' : '2';

async function start(t, sse, ...options) {
    const cake = await startCake(sse, '--workers', WORKERS, ...options);
    t.after(() => cake.stop());

    return cake;
}

test('cache: each of many quick pushes arrives once, in order, and the application\'s own keys stay', async (t) => {
    const cake = await start(t, { payload_engine: 'cache', cache_config: 'sse' });
    const listener = new Listener(clients.undici, cake.probe('settings'));
    t.after(() => listener.close());
    await listener.connected();

    await Promise.all(numbers(1, 100).map((number) => cake.push('settings', number)));
    await listener.received(100);

    assert.deepEqual(listener.data, numbers(1, 100));
    assert.equal(existsSync(`${cake.tmp}/cache/app_sse_settings`), false);
    assert.equal(existsSync(`${cake.tmp}/cache/app_settings`), false);
});

test('database: pushes of pages and of the command line arrive once, in order', async (t) => {
    const cake = await start(t, { payload_engine: 'database' });
    await cake.makeTable();
    const listener = new Listener(clients.undici, cake.probe('database'));
    t.after(() => listener.close());
    await listener.connected();

    for (const number of numbers(1, 20)) {
        const page = `${cake.url}/probe/push?key=database&payload=${number}`;
        assert.ok(number % 2 ? await cake.push('database', number) : await (await fetch(page)).text() === 'kept');
    }
    await listener.received(20);

    assert.deepEqual(listener.data, numbers(1, 20));
});

test('a payload class of one\'s own: the last value is sent', async (t) => {
    const cake = await start(t, { payload_engine: 'App\\Sse\\FileValues' });
    const stream = await RawStream.open(cake.probe('last'));
    t.after(() => stream.leave());
    await stream.connected();

    for (const number of numbers(1, 20)) {
        await cake.push('last', { number });
    }
    await until(() => stream.data.at(-1)?.number === 20, 'for the last value');

    // Of quick pushes only the newest may be seen, and one that was stored as another was fetched is seen twice.
    const seen = stream.data.map(({ number }) => number);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
});

test('classes of one\'s own: a push arrives at once, and what another program changes within poll seconds', async (t) => {
    const cake = await start(t, { payload_engine: 'App\\Sse\\FileValues', signal_engine: 'App\\Sse\\FileCounter' });
    const options = { poll: 0.1 };
    const streams = await Promise.all(numbers(1, 3).map(() => RawStream.open(cake.probe('own', { options }))));
    t.after(() => Promise.all(streams.map((stream) => stream.leave())));
    await Promise.all(streams.map((stream) => stream.connected()));
    const arrive = (value) => Promise.all(streams.map(
        (stream) => until(() => stream.data.at(-1) === value, () => `for ${value}, there is ${JSON.stringify(stream.data)}`),
    ));

    await cake.push('own', 'pushed');
    await arrive('pushed');
    const name = `${cake.tmp}/${Buffer.from('own').toString('hex')}`;
    for (const value of ['changed', 'changed again']) {
        replace(`${name}.value`, JSON.stringify(value));
        replace(`${name}.counter`, String(Number(readFileSync(`${name}.counter`, 'utf8')) + 1));
        await arrive(value);
    }
    await cake.push('own', 'pushed again');
    await arrive('pushed again');

    // However many streams noticed it, each got it once.
    for (const stream of streams) {
        assert.deepEqual(stream.data, ['pushed', 'changed', 'changed again', 'pushed again']);
    }
});

test('native with a signal class of one\'s own: a push arrives once and at once, and what only the class tells of once more', async (t) => {
    const cake = await start(t, { payload_engine: 'native', signal_engine: 'App\\Sse\\FileCounter' });
    const options = { poll: 0.1 };
    const streams = await Promise.all(numbers(1, 3).map(() => RawStream.open(cake.probe('touched', { options }))));
    t.after(() => Promise.all(streams.map((stream) => stream.leave())));
    await Promise.all(streams.map((stream) => stream.connected()));
    const counter = `${cake.tmp}/${Buffer.from('touched').toString('hex')}.counter`;

    await cake.push('touched', { n: 1 });
    await Promise.all(streams.map((stream) => stream.received(1)));
    assert.equal(readFileSync(counter, 'utf8'), '1');
    replace(counter, '2');
    await Promise.all(streams.map((stream) => stream.received(2)));
    await cake.push('touched', { n: 2 });
    await Promise.all(streams.map((stream) => stream.received(3)));

    for (const stream of streams) {
        assert.deepEqual(stream.data, [{ n: 1 }, { n: 1 }, { n: 2 }]);
    }
    assert.equal(readFileSync(counter, 'utf8'), '3');
});

test('cache: with the newest payload gone a new client is told of no gap, nor when it comes back, and gets what comes', async (t) => {
    const cake = await start(t, { payload_engine: 'cache', cache_config: 'sse' });
    await cake.push('cleared', 1);
    for (const name of readdirSync(`${cake.tmp}/cache`).filter((name) => name.startsWith('app_sse_'))) {
        unlinkSync(`${cake.tmp}/cache/${name}`);
    }

    const stream = await RawStream.open(cake.probe('cleared'));
    await stream.connected();
    const position = stream.lastId;
    await stream.leave();
    const again = await RawStream.open(cake.probe('cleared', { lastEventId: position }));
    t.after(() => again.leave());
    await again.connected();
    await cake.push('cleared', 2);
    await again.received(1);

    assert.deepEqual(again.data, [2]);
    assert.doesNotMatch(stream.text + again.text, /sse-gap/);
});

function replace(path, text) {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
}
