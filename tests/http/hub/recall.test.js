// Streams with closures that no worker holds: the hub has PHP asked again when something is due.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Closures, RawStream, numbers, startStack, until } from '../../support/index.js';

/** The pause before PHP is asked again for something that it failed at grows up to this. */
const PAUSES_MS = 60_000;

/** Pushes payloads with a number each, as closures.php wants them. */
async function pushEach(stack, key, from, to, more = {}) {
    for (const n of numbers(from, to)) {
        await stack.push(key, { n, ...more });
    }
}

/** The numbers that a stream was sent. */
const sent = ({ data }) => data.map(({ n }) => n);

describe('what a closure does', () => {
    let stack;
    let closures;
    before(async () => {
        stack = await startStack('--workers', '2', '--ini', 'sse.recall_interval=0.2');
        closures = new Closures(stack);
    });
    after(() => stack?.stop());

    test('beforeSend changes each event for its own client, and leaves events out', async (t) => {
        const [mine, yours] = [
            await closures.open(t, 'changes', ['beforeSend'], { who: 'me' }),
            await closures.open(t, 'changes', ['beforeSend'], { who: 'you' }),
        ];
        await stack.push('changes', { n: 1 });
        await stack.push('changes', { n: 2, do: 'skip' });
        await stack.push('changes', { n: 3 });
        await Promise.all([mine, yours].map((stream) => stream.received(2)));

        assert.deepEqual(mine.data, [{ who: 'me', n: 1 }, { who: 'me', n: 3 }]);
        assert.deepEqual(yours.data, [{ who: 'you', n: 1 }, { who: 'you', n: 3 }]);
    });

    test('an event that was left out is not asked for again by a client that comes back', async (t) => {
        const stream = await closures.open(t, 'left out', ['beforeSend']);
        await stack.push('left out', { n: 1, do: 'skip' });
        await stack.push('left out', { n: 2 });
        await stream.received(1);
        await stream.leave();
        closures.forget();
        const again = await RawStream.open(closures.url('left out', ['beforeSend']), { 'Last-Event-ID': stream.lastId });
        t.after(() => again.leave());
        await stack.push('left out', { n: 3 });
        await again.received(1);

        assert.deepEqual(sent(again), [3]);
        assert.equal(closures.count('beforeSend 1'), 0);
    });

    test('what was pending goes through the closures before the hand-over', async (t) => {
        await pushEach(stack, 'pending', 1, 3);
        const stream = await closures.open(t, 'pending', ['beforeSend'], { options: { replay: 'all' } });
        await stack.push('pending', { n: 4 });
        await stream.received(4);

        assert.deepEqual(stream.data, numbers(1, 4).map((n) => ({ who: 'anybody', n })));
    });

    test('fetch gets the payload of a reference, once for all streams', async (t) => {
        const streams = [];
        for (const _ of numbers(1, 5)) {
            streams.push(await closures.open(t, 'reference', ['fetch']));
        }
        closures.forget();
        await stack.push('reference', 7, null, { external: true });
        await Promise.all(streams.map((stream) => stream.received(1)));

        streams.forEach((stream) => assert.deepEqual(stream.data, [{ n: 7 }]));
        assert.equal(closures.count('fetch 7'), 1);
    });

    test('an event that needs no fetch is sent without PHP', async (t) => {
        const stream = await closures.open(t, 'no reference', ['fetch']);
        closures.forget();
        await stack.push('no reference', { n: 1 });
        await stack.push('no reference', 2, null, { external: true });
        await stack.push('no reference', { n: 3 });
        await stream.received(3);

        assert.deepEqual(sent(stream), [1, 2, 3]);
        assert.deepEqual(closures.lines().filter((line) => line !== 'recalled'), ['recall', 'fetch 2']);
    });

    test('a shared beforeSend runs once for all streams of the same path, keys and options', async (t) => {
        const options = { shared: true };
        const streams = [];
        for (const who of ['one', 'two', 'three']) {
            streams.push(await closures.open(t, 'shared', ['beforeSend'], { who, options }));
        }
        const other = await closures.open(t, ['shared', 'and more'], ['beforeSend'], { who: 'other', options });
        closures.forget();
        await pushEach(stack, 'shared', 1, 3);
        await Promise.all([...streams, other].map((stream) => stream.received(3)));

        streams.forEach((stream) => assert.deepEqual(sent(stream), [1, 2, 3]));
        // Each by one and the same of them, for all.
        assert.equal(new Set(streams.map(({ data }) => JSON.stringify(data))).size, 1);
        assert.deepEqual(other.data.map(({ who }) => who), ['other', 'other', 'other']);
        assert.deepEqual(numbers(1, 3).map((n) => closures.count(`beforeSend ${n}`)), [2, 2, 2]);
    });

    test('a stream of several keys gets what is shared of each, and goes on with its cursor', async (t) => {
        const options = { shared: true };
        const stream = await closures.open(t, ['first', 'second'], ['beforeSend'], { options });
        for (const n of numbers(1, 6)) {
            await stack.push(n % 2 ? 'first' : 'second', { n });
            await stream.received(n);
        }
        await stream.leave();
        const again = await RawStream.open(closures.url(['first', 'second'], ['beforeSend'], { options }), { 'Last-Event-ID': stream.events.at(-3).id });
        t.after(() => again.leave());
        await again.received(2);

        assert.deepEqual(sent(stream), [1, 2, 3, 4, 5, 6]);
        assert.deepEqual(sent(again), [5, 6]);
    });

    test('collect runs once for all streams of a key, each poll, and what it pushes arrives', async (t) => {
        const options = { poll: 0.2 };
        for (const _ of numbers(1, 5)) {
            await closures.open(t, 'collected', ['collect'], { options });
        }
        closures.forget();
        await until(() => closures.count('collect collected') >= 3, () => `for collect, there was ${closures.lines()}`);

        assert.ok(closures.count('recall') <= closures.count('collect collected') + 1);
    });

    test('onLoop runs again and again for each stream, no more often than sse.recall_interval', async (t) => {
        for (const who of ['one', 'two']) {
            await closures.open(t, 'loops', ['onLoop'], { who, options: { poll: 0.05 } });
        }
        closures.forget();
        const began = performance.now();
        await until(() => ['one', 'two'].every((who) => closures.count(`onLoop ${who}`) >= 3), () => `for onLoop, there was ${closures.lines()}`);

        // Three of them, drawn from 80 to 100 % of 200 ms.
        assert.ok(performance.now() - began >= 2 * 160);
    });

    test('events of a stream that has only onLoop are sent without PHP', async (t) => {
        const stream = await closures.open(t, 'only a loop', ['onLoop'], { options: { poll: 60 } });
        closures.forget();
        await stack.push('only a loop', { n: 1 });
        await stream.received(1);

        assert.equal(closures.count('recall'), 0);
    });

    test('an exception skips its event, and the stream goes on', async (t) => {
        const stream = await closures.open(t, 'throws', ['beforeSend']);
        await stack.push('throws', { n: 1, do: 'throw' });
        await stack.push('throws', { n: 2 });
        await stream.received(1);

        assert.deepEqual(sent(stream), [2]);
    });

    for (const shared of [false, true]) {
        for (const what of ['exit', 'fatal']) {
            test(`an event at which beforeSend ends the script (${what}) is skipped after two tries, ${shared ? 'for all' : 'for its stream'}`, async (t) => {
                const key = `ends by ${what} ${shared}`;
                const stream = await closures.open(t, key, ['beforeSend'], { options: { shared } });
                await stack.push(key, { n: 1 });
                await stack.push(key, { n: 2, do: what });
                await stack.push(key, { n: 3 });
                await until(() => stream.data.length >= 2, () => `for the next event, ${stream.text} ${stack.logs()}`, PAUSES_MS);

                assert.deepEqual(sent(stream), [1, 3]);
                assert.equal(closures.lines().filter((line) => line === 'request').length > 0, true);
            });
        }
    }
});
