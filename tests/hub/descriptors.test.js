// Streams that come and go leave nothing behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numbers, startHubStack } from './lib/hub.js';
import { childrenOf, descriptors, residentKiB } from './lib/process.js';

const HANDOFFS = 50_000;
const AT_ONCE = 250;
/** What caches and allocators may take. */
const SLACK_FILES = 8;
const SLACK_KIB = 8 * 1024;

test(`the descriptors and the memory of workers and hub are flat over ${HANDOFFS} hand-offs and leaves`, async (t) => {
    const stack = await startHubStack(t);
    let served = 0;
    const rounds = async (count) => {
        for (const round of numbers(1, count)) {
            const fleet = stack.fleet(t, AT_ONCE, `key ${round % 10}`, { options: { handoff: 'require' } });
            await fleet.connected();
            fleet.leave();
            served += AT_ONCE;
        }
        await stack.holds(0);
    };
    const take = async () => {
        const pids = [await stack.pid(), ...childrenOf(stack.pids.fpm)];

        return pids.map((pid) => ({ pid, files: descriptors(pid), kib: residentKiB(pid) }));
    };

    // Let everything reach its size first.
    await rounds(4);
    const before = await take();
    await rounds(Math.ceil(HANDOFFS / AT_ONCE));
    const after = await take();

    assert.ok(served >= HANDOFFS);
    assert.deepEqual(after.map(({ pid }) => pid), before.map(({ pid }) => pid), 'nobody was replaced');
    for (const [index, { pid, files, kib }] of after.entries()) {
        const message = `${index ? 'worker' : 'hub'} ${pid}: ${JSON.stringify(before[index])}, then ${JSON.stringify(after[index])}`;
        assert.ok(files <= before[index].files + SLACK_FILES, message);
        assert.ok(kib <= before[index].kib + SLACK_KIB, message);
    }
});
