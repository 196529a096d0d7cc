import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Listener, Proxy, RawStream, clients, lastOf, notInPlainPhp, numbers, onEachTier, startStack, startStackFor, streamUrl, until } from '../support/index.js';

onEachTier((_, options) => {
    let stack;
    let proxy;
    before(async () => {
        stack = await startStack('--workers', '4', ...options);
        proxy = await Proxy.to(stack.url);
    });
    after(async () => {
        await proxy?.close();
        await stack?.stop();
    });

    const pushNumbers = (key, first, last) => Promise.all(numbers(first, last).map((number) => stack.push(key, { number })));
    const numbersIn = (data) => data.map(({ number }) => number);

    for (const [client, EventSource] of Object.entries(clients)) {
        test(`${client}: after a cut nothing is lost and nothing doubled`, async (t) => {
            const key = `cut ${client}`;
            const listener = new Listener(EventSource, streamUrl(proxy.url, key));
            t.after(() => listener.close());
            await listener.connected();

            const pushing = pushNumbers(key, 1, 300);
            await listener.received(20);
            proxy.cut();
            await pushing;
            await pushNumbers(key, 301, 350);
            proxy.mend();
            await listener.received(350);
            await stack.push(key, { number: 351 });
            await listener.received(351);

            assert.deepEqual(numbersIn(listener.data), numbers(1, 351));
            assert.ok(listener.connects >= 2, 'it had to connect again');
        });

        test(`${client}: a stream that ends with its lifetime goes on without a seam`, async (t) => {
            const key = `lifetime ${client}`;
            const listener = new Listener(EventSource, stack.stream(key, { options: { lifetime: 1 } }));
            t.after(() => listener.close());

            for (const round of [1, 2, 3]) {
                await listener.connected(round);
                await pushNumbers(key, round * 100 + 1, round * 100 + 100);
            }
            await listener.received(300);

            assert.deepEqual(numbersIn(listener.data), numbers(101, 400));
        });

        test(`${client}: events reach listeners by their name`, async (t) => {
            const key = `names ${client}`;
            const listener = new Listener(EventSource, stack.stream(key), ['message', 'order', 'note']);
            t.after(() => listener.close());
            await listener.connected();

            await stack.push(key, { text: 'plain' });
            await stack.push(key, { text: 'named by the argument' }, 'order');
            await stack.push(key, { event: 'note', text: 'named by its member' });
            await listener.received(3);

            assert.deepEqual(listener.events.map(({ name, data }) => [name, data]), [
                ['message', { text: 'plain' }],
                ['order', { text: 'named by the argument' }],
                ['note', { text: 'named by its member' }],
            ]);
        });

        test(`${client}: data with line breaks and beyond ASCII arrives as it was pushed`, async (t) => {
            const key = `Schlüssel ✓ ${client}`;
            const listener = new Listener(EventSource, stack.stream(key));
            t.after(() => listener.close());
            await listener.connected();
            const data = [
                'one\ntwo\r\nthree\rfour\n\n',
                'Grüße, 世界, 👋, \u2028 \u2029 \u0000 \u007f',
                { 'data: x': '\n\ndata: forged\n\nevent: forged\n\n', path: 'a/b', empty: {} },
                [], null, 0, 1.5, '', true,
            ];

            for (const one of data) {
                await stack.push(key, one);
            }
            await listener.received(data.length);

            assert.deepEqual(listener.data, data);
        });

        test(`${client}: a client that was away for longer than the retention is told so`, async (t) => {
            const key = `gap ${client}`;
            const small = await startStackFor(t, ...options, '--ini', 'sse.retention_events=10');
            const way = await Proxy.to(small.url);
            t.after(() => way.close());
            const listener = new Listener(EventSource, streamUrl(way.url, key));
            t.after(() => listener.close());
            await listener.connected();
            const ids = [await small.push(key, { number: 1 })];
            await listener.received(1);

            way.cut();
            for (const number of numbers(2, 60)) {
                ids.push(await small.push(key, { number }));
            }
            way.mend();
            await until(() => listener.data.at(-1)?.number === 60, () => `for the last event, ${lastOf(listener.events)}`);

            const gaps = listener.events.filter(({ name }) => name === 'sse-gap');
            assert.equal(gaps.length, 1, 'a gap is told once');
            assert.deepEqual(gaps[0].data.keys, [key]);
            assert.equal(listener.events[1], gaps[0], 'before what follows it');
            const kept = numbersIn(listener.data.slice(2));
            assert.deepEqual(kept, numbers(kept[0], 60));
            assert.ok(kept[0] > 2, 'something was dropped');
            assert.equal(gaps[0].data.to, ids[kept[0] - 2], 'the gap ends where delivery goes on');
        });
    }

    test('a stream that is cut after any byte resumes without loss or double', notInPlainPhp('cut streams hold its workers until the heartbeat'), async () => {
        const key = 'every byte';
        const whole = await RawStream.open(stack.stream(key));
        await whole.connected();
        for (const number of numbers(1, 4)) {
            await stack.push(key, { number }, number % 2 ? 'odd' : null);
        }
        await whole.received(4);
        const start = whole.events[0].id;
        await whole.leave();

        const complete = await cutAndResume(key, start, Infinity);
        const answer = complete.bytes;
        for (let cutAt = 1; cutAt < answer; cutAt++) {
            const { seen } = await cutAndResume(key, start, cutAt);
            assert.deepEqual(seen, [1, 2, 3, 4], `cut after ${cutAt} of ${answer} bytes`);
        }
    });

    /** Reads from a cursor with a first connection that breaks, then from the last id that was seen. */
    async function cutAndResume(key, start, cutAt) {
        proxy.cutAfter(cutAt);
        const url = streamUrl(proxy.url, key);
        let first;
        try {
            first = await RawStream.open(url, { 'Last-Event-ID': start });
        } catch {
            first = null; // cut within the headers
        }
        if (first && cutAt !== Infinity) {
            await first.end();
        } else {
            await first?.received(4);
        }
        const seen = numbersIn(first?.data ?? []);
        const bytes = headerBytes(first?.response) + (first?.text.length ?? 0);
        await first?.leave();
        if (seen.length < 4) {
            const second = await RawStream.open(url, { 'Last-Event-ID': first?.lastId ?? start });
            await second.received(4 - seen.length);
            seen.push(...numbersIn(second.data));
            await second.leave();
        }

        return { seen, bytes };
    }

    function headerBytes(response) {
        return [...(response?.headers ?? [])].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 20);
    }
});
