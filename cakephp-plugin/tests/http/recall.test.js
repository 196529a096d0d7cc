// The hub asks the application again for streams with closures, and for payloads that only CakePHP can fetch: 2 workers
// carry them all.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Crowd, RawStream, isPlain, numbers, until, within } from '../../../tests/support/index.js';
import { needFiles } from '../../../tests/support/processes.js';
import { startCake } from './lib/cake.js';

const skip = isPlain && 'plain PHP: the hub is in the extension';
const CLIENTS = Number(process.env.SSE_TEST_CAKE_CLIENTS || 300);
const PATIENT_MS = 120_000;

async function start(t, sse, ...options) {
    const cake = await startCake(sse, '--workers', '2', ...options);
    t.after(() => cake.stop());

    return cake;
}

function crowdOf(t, urls) {
    needFiles(2 * urls.length + 200);
    const crowd = new Crowd(urls);
    t.after(() => crowd.leave());

    return crowd;
}

/** What a page took, in milliseconds. */
async function pageMs(cake) {
    const began = performance.now();
    assert.match(await (await within(fetch(`${cake.url}/probe/ping`), 'for a page')).text(), /pong/);

    return performance.now() - began;
}

test(`the README's controller, closures and all, with ${CLIENTS} streams on 4 workers: each gets its own, and pages are served meanwhile`, { skip }, async (t) => {
    const cake = await startCake({}, '--workers', '4', '--connections', String(CLIENTS * 2 + 500), '--ini', 'sse.recall_interval=2');
    t.after(() => cake.stop());
    const crowd = crowdOf(t, numbers(1, CLIENTS).map((user) => `${cake.url}/stream/reports.sse?token=${user}`));
    await crowd.connected(1, PATIENT_MS);
    const online = () => readdirSync(`${cake.tmp}/cache`).filter((name) => name.includes('online_'));
    online().forEach((name) => writeFileSync(`${cake.tmp}/cache/${name}`, ''));
    for (const user of numbers(1, CLIENTS)) {
        await cake.push(`USER_QUEUE_${user}`, { report_id: 505 });
    }
    const pages = [];
    while (!crowd.clients.every(({ data }) => data.length > 0)) {
        pages.push(await pageMs(cake));
    }
    await until(() => online().every((name) => readFileSync(`${cake.tmp}/cache/${name}`, 'utf8') !== ''), 'for onLoop of each', PATIENT_MS);
    t.diagnostic(`${pages.length} pages meanwhile, the slowest took ${Math.max(...pages).toFixed(0)} ms`);

    for (const { data, connects } of crowd.clients) {
        assert.equal(data.length, 1);
        assert.deepEqual(data[0].data, { id: 505, title: 'Sales of May' });
        assert.equal(connects, 1);
    }
    assert.equal(online().length, CLIENTS);
});

for (const [name, sse] of [
    ['cache', { payload_engine: 'cache', cache_config: 'sse' }],
    ['database', { payload_engine: 'database' }],
    ['a class of one\'s own', { payload_engine: 'App\\Sse\\FileValues' }],
]) {
    test(`${name}: 40 streams of a key on two workers, and an event is fetched by a request or two`, { skip }, async (t) => {
        const cake = await start(t, sse);
        if (name === 'database') {
            await cake.makeTable();
        }
        const crowd = crowdOf(t, numbers(1, 40).map(() => cake.probe('many', { options: { poll: 60 } })));
        await crowd.connected();
        const recalls = async () => (await status(cake)).recalls;
        const before = await recalls();
        await cake.push('many', { number: 1 });
        await crowd.received(1);
        const after = await recalls();

        crowd.clients.forEach(({ data }) => assert.deepEqual(data, [{ number: 1 }]));
        assert.ok(after - before <= 3, `${after - before} requests for one event`);
    });
}

test('database: rows of other hosts are looked for once for all streams, and arrive', { skip }, async (t) => {
    const cake = await start(t, { payload_engine: 'database', poll: 0.5 });
    await cake.makeTable();
    const crowd = crowdOf(t, numbers(1, 20).map(() => cake.probe('elsewhere')));
    await crowd.connected();
    await cake.insert('elsewhere', { number: 7 });
    await crowd.received(1);

    crowd.clients.forEach(({ data }) => assert.deepEqual(data, [{ number: 7 }]));
});

test('a recall has the session as it is now, and is no sign of its user: the idle time goes on', { skip }, async (t) => {
    const cake = await start(t, {});
    const page = await fetch(`${cake.url}/probe/session`);
    const cookie = page.headers.getSetCookie()[0].split(';')[0];
    const stream = await RawStream.open(`${cake.url}/probe/session.sse?key=session`, { Cookie: cookie });
    t.after(() => stream.leave());
    await stream.connected();
    await until(async () => (await status(cake))?.streams === 1, 'for the hand-over');
    const file = `${cake.tmp}/sess_${cookie.split('=')[1]}`;
    const seen = () => /"time";i:(\d+)/.exec(readFileSync(file, 'utf8'))[1];
    const old = String(Number(seen()) - 100);
    writeFileSync(file, readFileSync(file, 'utf8').replace(seen(), old));
    await cake.push('session', 1);
    await stream.received(1);

    // The page, the stream's first request, and its recall.
    assert.deepEqual(stream.data, [[1, 3, true]]);
    assert.equal(seen(), old);
    await fetch(`${cake.url}/probe/session`, { headers: { Cookie: cookie } });
    assert.notEqual(seen(), old);
});

async function status(cake) {
    return (await (await fetch(`${cake.url}/probe/status`)).json()).hub;
}
