// What a script does after Sse\stream(), once its client belongs to the hub.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readOr, startStack } from '../../support/index.js';

let stack;
before(async () => { stack = await startStack('--workers', '1', '--ini', 'fastcgi.logging=1', '--ini', 'display_errors=1'); });
after(() => stack?.stop());

for (const what of ['', 'echo', 'warning', 'megabyte']) {
    test(`a script that does ${what ? `"${what}"` : 'nothing'} after the hand-off runs to its end, unheard`, async (t) => {
        const key = `after ${what}`;
        const { stream, note } = await stack.openNoted(t, key, { after: what });
        await stream.connected();
        assert.deepEqual(await note(), { end: 'handed-off', status: 0 });
        await stack.push(key, 'event');
        await stream.received(1);
        await stack.push(key, 'another');
        await stream.received(2);

        assert.deepEqual(stream.data, ['event', 'another']);
        assert.doesNotMatch(stream.text, /after/i);
        assert.doesNotMatch(readOr(`${stack.dir}/nginx.log`, ''), /after in|unsupported FastCGI|unexpected/);
        assert.equal(await stack.page(), 'pong');
    });
}
