// What arodu/cakephp-sse does wrong must not come back: the part that needs real connections. The other part is in
// tests/TestCase/OriginalFaultsTest.php.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { RawStream, childrenOf, cpuTicks, isPlain, notInPlainPhp, numbers, until, within } from '../../../tests/support/index.js';
import { startCake } from './lib/cake.js';

async function start(t, sse, ...options) {
    const cake = await startCake(sse, ...options);
    t.after(() => cake.stop());

    return cake;
}

const pong = async (cake) => (await within(fetch(`${cake.url}/probe/ping`), 'for a page')).text();

test('updates that beforeSend filters do not starve the heartbeat', async (t) => {
    const cake = await start(t, {}, '--workers', '2');
    const stream = await RawStream.open(cake.probe('filtered', { action: 'filtered' }));
    t.after(() => stream.leave());
    await stream.connected();

    let pushed = 0;
    // At no time a second passes without a push, and each of them is filtered.
    await until(async () => {
        await cake.push('filtered', { n: ++pushed });

        return stream.comments.length >= 2;
    }, 'for two heartbeats');

    assert.ok(pushed > 2);
    assert.deepEqual(stream.data, []);
});

test('a tab that is closed frees its worker at once, not at the next heartbeat', notInPlainPhp('it notices at the heartbeat'), async (t) => {
    const cake = await start(t, {}, '--workers', '1');
    for (const round of numbers(1, 5)) {
        const stream = await RawStream.open(cake.probe('closed', { options: { heartbeat: 3600 } }));
        await stream.connected();
        await stream.leave();

        // Its only worker answers a page again.
        assert.equal(await pong(cake), '<body>pong</body>', `round ${round}`);
    }
});

test('with the hub four streams do not stop a site with two workers', notInPlainPhp('the hub is in the extension'), async (t) => {
    const cake = await start(t, {}, '--workers', '2');
    const streams = await Promise.all(numbers(1, 4).map(() => RawStream.open(cake.probe('handed'))));
    t.after(() => Promise.all(streams.map((stream) => stream.leave())));
    await Promise.all(streams.map((stream) => stream.connected()));

    assert.equal(await pong(cake), '<body>pong</body>');
    await cake.push('handed', 1);
    await Promise.all(streams.map((stream) => stream.received(1)));
});

test('four streams do not stop a site with four workers, where sse.worker_streams says so', async (t) => {
    const cake = await start(t, {}, '--workers', '4', '--ini', 'sse.worker_streams=3', '--ini', 'sse.hub=off');
    const streams = await Promise.all(numbers(1, 3).map(() => RawStream.open(cake.probe('many'))));
    t.after(() => Promise.all(streams.map((stream) => stream.leave())));
    await Promise.all(streams.map((stream) => stream.connected()));

    const fourth = await RawStream.open(cake.probe('many'));

    // It is told to come back later, and the site answers.
    assert.equal(await fourth.end(), null);
    assert.ok(fourth.retries.at(-1) >= 3000);
    assert.equal(await pong(cake), '<body>pong</body>');
    await cake.push('many', 1);
    await Promise.all(streams.map((stream) => stream.received(1)));
});

test('the directory is shared by the group of the web user, and open to nobody else', async (t) => {
    const cake = await start(t, {}, '--workers', '2');
    // The command line makes it, with a umask that would keep the web user out.
    assert.equal(await cake.push('first', 1), true);
    const directory = statSync(`${cake.tmp}/sse`);
    assert.equal((directory.mode & 0o7777).toString(8), '2770');
    assert.equal(directory.gid, statSync(cake.tmp).gid);

    const stream = await RawStream.open(cake.probe('first'));
    t.after(() => stream.leave());
    await stream.received(1);
    const answer = await within(fetch(`${cake.url}/probe/push?key=first&payload=2`), 'for a push of the web user');
    assert.equal(await answer.text(), 'kept');
    await stream.received(2);
    assert.equal(await cake.push('first', 3), true);
    await stream.received(3);

    assert.deepEqual(stream.data, [1, 2, 3]);
});

test('a poll of 0.4 seconds does not spin', async (t) => {
    const cake = await start(t, {}, '--workers', '2');
    const stream = await RawStream.open(cake.probe('poll', { options: { poll: 0.4, heartbeat: 1 } }));
    t.after(() => stream.leave());
    await stream.connected();
    const ticks = () => childrenOf(cake.pids.fpm).reduce((sum, pid) => sum + cpuTicks(pid), 0);
    const before = ticks();
    await until(() => stream.comments.length >= 2, 'for two heartbeats');

    // Two seconds of spinning are 200 ticks.
    assert.ok(ticks() - before < 50, `${ticks() - before} ticks`);
});

const unreachable = 'redis://127.0.0.1:1/0';
for (const [tier, ...options] of [['hub'], ['worker', '--ini', 'sse.hub=off']]) {
    for (const [where, sse, streamOptions] of [
        ['Sse.dsn', { dsn: unreachable }, {}],
        ['Sse.redis_config', { payload_engine: 'redis', redis_config: unreachable }, {}],
        ['the option dsn', {}, { dsn: unreachable }],
    ]) {
        test(`${where} that cannot be reached is an error page and no empty stream: ${tier}`, notInPlainPhp('a store in Redis is in the extension'), async (t) => {
            const cake = await start(t, sse, '--workers', '2', ...options);
            const answer = await within(fetch(cake.probe('nobody', { options: streamOptions })), 'for an answer');

            assert.equal(answer.status, 500);
            assert.match(await answer.text(), /cannot reach redis:\/\/127\.0\.0\.1:1\/0/);
            assert.equal(await cake.push('nobody', 1), where === 'the option dsn');
        });
    }
}

test('a stream that cannot begin after all is an error, and no empty 200', async (t) => {
    const cake = await start(t, {}, '--workers', '2', '--ini', 'sse.hub=off');
    const answer = await within(fetch(cake.probe('late', { action: 'late' })), 'for an answer');

    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.headers.get('content-type'), /event-stream/);
    assert.match(cake.log(), /SSE stream of the key "late": it could not begin: .*\/sse\b/);
});

test('a stream that has to go to a hub where there is none is an error page', async (t) => {
    const cake = await start(t, {}, '--workers', '2', '--ini', 'sse.hub=off');
    const answer = await within(fetch(cake.probe('hub', { options: { handoff: 'require' } })), 'for an answer');

    assert.equal(answer.status, 500);
    assert.match(await answer.text(), isPlain ? /the hub is in the extension sse/ : /sse\.hub is off/);
});

for (const [what, sse, said] of [
    ['the engine database without its table', { payload_engine: 'database' }, /run "bin\/cake migrations migrate -p Sse --no-lock"/],
    ['a cache_config that does not exist', { payload_engine: 'cache', cache_config: 'ssee' }, /did you mean "sse"\? There are: /i],
    ['a misspelt setting', { payload_engin: 'cache' }, /did you mean "payload_engine"\?/],
]) {
    test(`${what} is an error page and no silent stream, and both the page and the log of a push say what to do`, async (t) => {
        const cake = await start(t, sse, '--workers', '2');
        const answer = await within(fetch(cake.probe('set-up')), 'for an answer');

        assert.equal(answer.status, 500);
        assert.match((await answer.text()).replaceAll('&quot;', '"'), said);
        const before = cake.log().length;
        await within(fetch(`${cake.url}/probe/push?key=set-up&payload=1`), 'for a push');
        assert.match(cake.log().slice(before), said);
    });
}
