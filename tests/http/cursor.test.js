import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Store } from '../support/builtin.js';
import { RawStream, lastOf, numbers, onEachTier, startStack, startStackFor, until } from '../support/index.js';

onEachTier((_, options) => {
    let stack;
    before(async () => { stack = await startStack(...options); });
    after(() => stack?.stop());

    /** Opens a stream, reads so many events, and leaves. */
    async function read(key, count, headers = {}, query = {}) {
        const stream = await RawStream.open(stack.stream(key, query), headers);
        await stream.connected();
        await stream.received(count);
        await stream.leave();

        return stream;
    }

    /** A mark pushed last shows that nothing else was to come. */
    async function readAllBefore(key, mark, headers, query) {
        await stack.push([key].flat()[0], mark);
        const stream = await RawStream.open(stack.stream(key, query), headers);
        for (let count = 1; ; count++) {
            await stream.received(count);
            const at = stream.data.indexOf(mark);
            if (at >= 0) {
                await stream.leave();

                return stream.data.slice(0, at);
            }
        }
    }

    test('a stream begins with "connected", the time, and an id', async () => {
        const stream = await read('begin', 0);

        const [{ event, id, data }] = stream.events;
        assert.equal(event, 'connected');
        assert.match(id, /^[!-~]+$/);
        assert.match(data, /^\{"time": "\d\d:\d\d:\d\d"\}$/);
    });

    test('every event carries a cursor of plain characters', async () => {
        const keys = numbers(1, 8).map((number) => `key ${number}`);
        const stream = await RawStream.open(stack.stream(keys));
        await stream.connected();
        for (const key of keys) {
            await stack.push(key, { key });
        }
        await stream.received(8);
        await stream.leave();

        const ids = stream.events.map(({ id }) => id);
        assert.equal(new Set(ids).size, 9);
        for (const id of ids) {
            assert.match(id, /^[^,:;()<>@[\]{}" \x00-\x1f\x7f-\uffff]{1,128}$/);
        }
    });

    test('a client without an id gets the latest event of its key', async () => {
        await stack.push('sticky', 1);
        await stack.push('sticky', 2);

        assert.deepEqual((await read('sticky', 1)).data, [2]);
    });

    test('the id of any event resumes right after it', async () => {
        const whole = await RawStream.open(stack.stream('one key'));
        await whole.connected();
        for (const number of numbers(1, 5)) {
            await stack.push('one key', number);
        }
        await whole.received(5);
        await whole.leave();

        for (const [index, { id }] of whole.events.entries()) {
            const rest = await readAllBefore('one key', `mark ${index}`, { 'Last-Event-ID': id });
            assert.deepEqual(rest.filter(Number.isInteger), numbers(index + 1, 5), `after ${id}`);
        }
    });

    test('an id of several keys resumes each of them', async () => {
        const keys = ['left', 'right'];
        const first = await RawStream.open(stack.stream(keys));
        await first.connected();
        await stack.push('left', 'l1');
        await stack.push('right', 'r1');
        await stack.push('left', 'l2');
        await first.received(3);
        await first.leave();
        await stack.push('right', 'r2');
        await stack.push('left', 'l3');
        await stack.push('right', 'r3');

        const rest = await readAllBefore(keys, 'mark', { 'Last-Event-ID': first.lastId });

        assert.deepEqual(first.data.filter((one) => one.startsWith('l')), ['l1', 'l2']);
        assert.deepEqual(rest.filter((one) => one.startsWith('l')), ['l3']);
        // "mark" is left's last; the right key may be behind it.
        const second = await read(keys, 4, { 'Last-Event-ID': first.lastId });
        assert.deepEqual(second.data.filter((one) => one.startsWith('r')), ['r2', 'r3']);
    });

    test('a key that joins starts with its latest event, and one that leaves is ignored', async () => {
        await stack.push('stays', 's1');
        const before = await read(['stays', 'leaves'], 1);
        await stack.push('stays', 's2');
        await stack.push('leaves', 'gone');
        await stack.push('joins', 'j1');
        await stack.push('joins', 'j2');

        const after = await read(['stays', 'joins'], 2, { 'Last-Event-ID': before.lastId });

        assert.deepEqual(after.data.sort(), ['j2', 's2']);
    });

    test('the id that push gave resumes right after its event', async () => {
        const id = await stack.push('pushed id', 1);
        await stack.push('pushed id', 2);
        await stack.push('pushed id', 3);

        assert.deepEqual((await read('pushed id', 2, { 'Last-Event-ID': id })).data, [2, 3]);
    });

    test('?lastEventId= resumes where no header can be sent', async () => {
        const first = await read('query', 0);
        await stack.push('query', 1);
        await stack.push('query', 2);

        assert.deepEqual((await read('query', 2, {}, { lastEventId: first.lastId })).data, [1, 2]);
    });

    test('the Last-Event-ID header wins over ?lastEventId=', async () => {
        const early = await read('both', 0);
        await stack.push('both', 1);
        const late = await read('both', 1);
        await stack.push('both', 2);

        const rest = await readAllBefore('both', 'mark', { 'Last-Event-ID': late.lastId }, { lastEventId: early.lastId });

        assert.deepEqual(rest, [2]);
    });

    test('Last-Event-ID counts also where PHP makes no $_SERVER', async (t) => {
        const other = await startStackFor(t, ...options, '--ini', 'variables_order=G');
        const open = (headers) => RawStream.open(other.stream('bare'), headers);
        const first = await open();
        await first.connected();
        await first.leave();
        await other.push('bare', 1);
        await other.push('bare', 2);

        const resumed = await open({ 'Last-Event-ID': first.lastId });
        await resumed.received(2);
        await resumed.leave();

        assert.deepEqual(resumed.data, [1, 2]);
    });

    const MALFORMED = ['0', '-1', '1-', '1-1-1', 'null', '%00', '../../etc/passwd', '....', 'x'.repeat(5000), '👋', "' OR 1=1"];
    for (const text of MALFORMED) {
        test(`a malformed Last-Event-ID counts as none: ${text.slice(0, 20)}`, async () => {
            await stack.push('malformed', 1);
            await stack.push('malformed', 2);
            const latin = Buffer.from(text).toString('latin1'); // as bytes, which a header may hold

            assert.deepEqual((await read('malformed', 1, { 'Last-Event-ID': latin })).data, [2]);
            assert.deepEqual((await read('malformed', 1, {}, { lastEventId: text })).data, [2]);
        });
    }

    test('any text that a cursor becomes by cutting it or changing a character is answered with a stream', async () => {
        await stack.push('mutant', 1);
        const { lastId } = await read('mutant', 1);
        await stack.push('mutant', 2);
        const mutants = [...lastId].flatMap((_, at) => [lastId.slice(0, at), `${lastId.slice(0, at)}z${lastId.slice(at + 1)}`]);

        for (const mutant of mutants) {
            const stream = await read('mutant', 1, { 'Last-Event-ID': mutant });
            assert.equal(stream.response.status, 200, mutant);
            const last = stream.events.filter(({ event }) => event !== 'sse-gap').at(-1);
            assert.ok(['connected', undefined, 'message'].includes(last.event), `${mutant}: ${stream.text}`);
        }
    });

    test('a cursor of another store is told as a gap, and the stream goes on', async (t) => {
        const other = new Store(t).run('Sse\\push("moved", 1); echo Sse\\cursor("moved");');
        await other.ended;
        const foreign = other.output;
        await stack.push('moved', 'here');

        const stream = await RawStream.open(stack.stream('moved'), { 'Last-Event-ID': foreign });
        await stream.connected();
        await stack.push('moved', 'new');
        await until(() => stream.data.at(-1) === 'new', () => `for what was pushed, ${lastOf(stream.events)}`);
        await stream.leave();

        const gaps = stream.events.filter(({ event }) => event === 'sse-gap');
        assert.equal(gaps.length, 1);
        assert.deepEqual(JSON.parse(gaps[0].data).keys, ['moved']);
        assert.equal(stream.events[1], gaps[0], 'the gap comes before what follows it');
    });
});
