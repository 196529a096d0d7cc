// What an administrator sees of the hub.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startStackFor } from '../../support/index.js';

test('status and phpinfo() tell of the hub and its streams', async (t) => {
    const stack = await startStackFor(t);
    const crowd = stack.crowd(t, 3, 'status');
    await crowd.connected();
    await stack.push('status', 'event');
    await crowd.received(1);
    const { tier, why, hub } = await stack.status();
    const info = await stack.page('/info.php');

    assert.deepEqual([tier, why, hub.streams, hub.keys, hub.taken, hub.events, hub.last_error], ['hub', null, 3, 1, 3, 3, null]);
    assert.ok(hub.bytes > 0);
    assert.match(info, /hub: a stream frees its PHP worker/);
    assert.match(info, new RegExp(`process ${hub.pid}, 3 of ${hub.max_streams} streams`));
});

test('status and phpinfo() say why streams stay in their workers', async (t) => {
    const stack = await startStackFor(t, '--ini', 'sse.hub=off');
    const { tier, why, hub } = await stack.status();
    const info = await stack.page('/info.php');

    assert.deepEqual([tier, why, hub], ['worker', 'sse.hub is off', null]);
    assert.match(info, /worker: a stream holds its PHP worker; sse\.hub is off/);
});
