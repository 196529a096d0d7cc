// Streams that come and go leave nothing behind.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { childrenOf, descriptors, numbers, residentKiB, startStackFor } from '../../support/index.js';

const HANDOFFS = 50_000;
const AT_ONCE = 250;
/** What caches and allocators may take. */
const SLACK_FILES = 8;
const SLACK_KIB = 8 * 1024;

test(`the descriptors and the memory of workers and hub are flat over ${HANDOFFS} hand-offs and leaves`, async (t) => {
    const stack = await startStackFor(t);
    let served = 0;
    const rounds = async (count) => {
        for (const round of numbers(1, count)) {
            const crowd = stack.crowd(t, AT_ONCE, `key ${round % 10}`, { options: { handoff: 'require' } });
            await crowd.connected();
            crowd.leave();
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

test('streams that are behind on many keys go on with few descriptors, each of them', async (t) => {
    const stack = await startStackFor(t);
    // Workers that begin from here on, and their hub, may open no more files.
    execFileSync('prlimit', ['--pid', String(stack.pids.fpm), '--nofile=256:256']);
    await stack.fpm('reload');
    const keys = numbers(1, 60).map((number) => `few ${number}`);
    // More than the hub keeps in memory.
    await Promise.all(keys.flatMap((key) => numbers(1, 80).map((number) => stack.push(key, `${key}, ${number}`))));
    const crowd = stack.crowd(t, 20, keys, { options: { handoff: 'require', replay: 'all' } });
    await crowd.received(keys.length * 80, 60_000);

    for (const { data } of crowd.clients) {
        assert.equal(new Set(data).size, keys.length * 80);
    }
    assert.ok(descriptors(await stack.pid()) < 256);
    assert.doesNotMatch(readFileSync(`${stack.dir}/hub/hub.log`, 'utf8'), /Too many open files/);
});
