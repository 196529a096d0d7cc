// What is left of a request's body when its stream goes to the hub.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RawStream, numbers, startStack } from '../../support/index.js';

/** Many FCGI_ABORT_REQUEST for the request 1, the id that web servers use. */
const ABORTS = Buffer.concat(numbers(1, 20_000).map(() => Buffer.from([1, 2, 0, 1, 0, 0, 0, 0])));

let stack;
before(async () => { stack = await startStack(); });
after(() => stack?.stop());

for (const [what, bytes] of [['not read', 0], ['half read', 8192], ['read', ABORTS.length]]) {
    test(`a body that was ${what} ends no stream, whatever it looks like`, async (t) => {
        const key = `body ${bytes}`;
        const url = stack.stream(key, { ...bytes && { body: bytes }, options: { handoff: 'require' } });
        const stream = await RawStream.open(url, {}, { method: 'PUT', body: ABORTS });
        t.after(() => stream.leave());
        await stream.connected();
        await stack.push(key, 'event');
        await stream.received(1);

        assert.deepEqual(stream.data, ['event']);
        await stream.leave();
        await stack.holds(0);
    });
}
