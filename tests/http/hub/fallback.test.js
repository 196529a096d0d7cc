// Streams that stay with their worker, and why.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { RawStream, numbers, php, startStack, startStackFor, temporaryDirectory, until } from '../../support/index.js';

const isRoot = process.getuid() === 0;

describe('by the script\'s wish', () => {
    let stack;
    before(async () => { stack = await startStack('--workers', '4'); });
    after(() => stack?.stop());

    test('a stream behind an output buffer that can\'t be ended stays in its worker, or is an error', async (t) => {
        const { stream, note } = await stack.openNoted(t, 'buffer', { buffer: 1 });
        await stream.connected();
        await stack.push('buffer', 1);
        await stream.received(1);
        const streams = await stack.streams();
        await stream.leave();
        const required = await stack.openNoted(t, 'required buffer', { buffer: 1, options: { handoff: 'require' } });

        assert.equal(streams, 0);
        assert.equal((await note()).end, 'client-left');
        assert.match((await required.note()).error, /output buffer/);
    });

    test('a stream with handoff "never" stays in its worker', async (t) => {
        const { stream, note } = await stack.openNoted(t, 'never', { options: { handoff: 'never' } });
        await stream.connected();
        const streams = await stack.streams();
        await stream.leave();

        assert.equal(streams, 0);
        assert.equal((await note()).end, 'client-left');
    });
});

/** Three streams, one after the other, each served by the only worker there is. */
async function threeStreams(t, stack) {
    for (const round of numbers(1, 3)) {
        const stream = await RawStream.open(stack.stream('fallback', { replay: 'none' }));
        t.after(() => stream.leave());
        await stream.connected();
        await stack.push('fallback', round);
        await until(() => stream.data.at(-1) === round, 'for the event');
        await stream.leave();
    }
}

/** What every cause has in common; `spoil` makes the hub impossible. */
function fallsBack(what, { options = [], spoil = () => {}, why, skip = false }) {
    test(`${what}: the worker serves, one line in the log and the status say why`, { skip }, async (t) => {
        const given = typeof options === 'function' ? options() : options;
        const stack = await startStackFor(t, '--workers', '1', '--ini', 'sse.heartbeat=1', ...given);
        await spoil(stack);
        await threeStreams(t, stack);
        const status = await stack.status();
        const { stream, note } = await stack.openNoted(t, 'must', { options: { handoff: 'require' } });
        const { error } = await note();

        assert.equal(status.tier, 'worker');
        assert.match(status.why, why);
        assert.equal(status.hub, null);
        assert.equal(stream.response.status, 500);
        assert.match(error, why);
        const complaints = stack.complaints();
        assert.equal(complaints.length, 1, `it said: ${complaints.join('\n')}`);
        assert.match(complaints[0], why);
    });
}

fallsBack('a directory that does not exist', {
    options: ['--ini', 'sse.hub_socket=/nonexistent/hub/hub.sock'],
    why: /\/nonexistent/,
});
fallsBack('a path that is too long for a socket', {
    // The worker may make the directory before it finds out.
    options: () => ['--ini', `sse.hub_socket=${temporaryDirectory('long', 0o777)}/${'x'.repeat(100)}/hub.sock`],
    why: /long/,
});
fallsBack('a directory that the worker may not write to', {
    spoil: (stack) => {
        chownSync(directoryOf(stack), 0, 0);
        chmodSync(directoryOf(stack), 0o755);
    },
    why: /\/hub\b/,
    skip: !isRoot && 'only root can take a directory away',
});
fallsBack('a directory that is another user\'s', {
    spoil: (stack) => {
        chownSync(directoryOf(stack), 65534, 65534);
        chmodSync(directoryOf(stack), 0o777);
    },
    why: /\/hub\b/,
    skip: !isRoot && 'only root can give a directory away',
});
fallsBack('a directory that others may enter and write to', {
    spoil: (stack) => chmodSync(directoryOf(stack), 0o777),
    why: /\/hub\b/,
});
fallsBack('a symbolic link in the directory\'s place', {
    spoil: (stack) => {
        const { uid, gid } = statSync(directoryOf(stack));
        rmSync(directoryOf(stack), { recursive: true });
        mkdirSync(`${stack.dir}/elsewhere`, { mode: 0o700 });
        chownSync(`${stack.dir}/elsewhere`, uid, gid);
        symlinkSync('elsewhere', directoryOf(stack));
    },
    why: /\/hub\b/,
});
fallsBack('no process left for the user', {
    spoil: async (stack) => {
        execFileSync('prlimit', ['--pid', String(stack.pids.fpm), '--nproc=1:1']);
        await stack.fpm('reload'); // new workers have the new limit
    },
    why: /start|fork|process/i,
    skip: !isRoot && 'only the limits of another user can be tightened without harm',
});

for (const [what, other, why] of [
    ['a PHP on the command line that can\'t be executed', '/etc/passwd', /Permission denied.*setfacl -m u:www-data:rx /],
    ['another program where PHP should be', '/bin/true', /did not begin/],
]) {
    fallsBack(what, {
        options: () => ['--bind', `${other}=${commandLine()}`],
        why,
        skip: !isRoot && 'only root can put another program there',
    });
}

fallsBack('a /dev/null that is not there', {
    options: () => {
        const base = temporaryDirectory('nothing');
        writeFileSync(`${base}/nothing`, '', { mode: 0o600 });

        return ['--bind', `${base}/nothing=/dev/null`];
    },
    why: /\/dev\/null.*mknod/,
    skip: !isRoot && 'only root can take /dev/null away',
});

test('a hub that takes long to begin holds no worker up, goes on by itself, and has the streams that come later', { skip: !isRoot && 'only root can put another program there' }, async (t) => {
    const base = temporaryDirectory('slow');
    cpSync(commandLine(), `${base}/php`);
    writeFileSync(`${base}/slow`, `#!/bin/sh
        for try in $(seq 1000); do [ ! -e ${base}/go ] || exec ${base}/php "$@"; sleep 0.05; done`, { mode: 0o755 });
    const stack = await startStackFor(t, '--workers', '1', '--bind', `${base}/slow=${commandLine()}`);
    await threeStreams(t, stack);
    const { hub, why } = await stack.status();
    writeFileSync(`${base}/go`, '');
    await until(async () => (await stack.status()).hub !== null, 'for the hub');
    const stream = await RawStream.open(stack.stream('later', { options: { handoff: 'require' } }));
    t.after(() => stream.leave());
    await stream.connected();

    assert.equal(hub, null);
    assert.match(why, /did not begin within/);
    await stack.holds(1);
});

test('sse.hub=off keeps every stream in its worker, without a word in the log', async (t) => {
    const stack = await startStackFor(t, '--workers', '1', '--ini', 'sse.hub=off');
    await threeStreams(t, stack);
    const status = await stack.status();

    assert.equal(status.tier, 'worker');
    assert.match(status.why, /sse\.hub/);
    assert.deepEqual(stack.complaints(), []);
});

test('a directory that is mended serves the next hub', { skip: !isRoot && 'only root can give a directory away' }, async (t) => {
    const stack = await startStackFor(t, '--workers', '1');
    const { uid, gid } = statSync(directoryOf(stack));
    chownSync(directoryOf(stack), 65534, 65534);
    await threeStreams(t, stack);
    chownSync(directoryOf(stack), uid, gid);
    // A worker that has failed need not try again; a new one does.
    await stack.fpm('reload');
    const crowd = stack.crowd(t, 10, 'mended', { options: { handoff: 'require' } });
    await crowd.connected();

    await stack.holds(10);
});

test('at sse.max_streams a client is told to come back, and gets its place when one is free', async (t) => {
    const stack = await startStackFor(t, '--ini', 'sse.max_streams=10');
    const crowd = stack.crowd(t, 10, 'full');
    await crowd.connected();
    await stack.push('full', 1);
    await crowd.received(1);
    const beyond = await Promise.all(numbers(1, 10).map(() => RawStream.open(stack.stream('full'))));
    const errors = await Promise.all(beyond.map((stream) => stream.end()));
    crowd.clients[0].leave();
    await stack.holds(9);
    const next = await RawStream.open(stack.stream('full'));
    t.after(() => next.leave());
    await next.connected();

    assert.deepEqual(errors, beyond.map(() => null));
    for (const stream of beyond) {
        assert.equal(stream.response.status, 200);
        assert.match(stream.response.headers.get('content-type'), /^text\/event-stream\b/);
    }
    const pauses = beyond.map((stream) => stream.retries.at(-1));
    assert.ok(new Set(pauses).size > 1, `not all at once: ${pauses}`);
    await stack.holds(10);
});

/** The PHP that runs the hub. */
function commandLine() {
    const script = 'echo realpath(PHP_BINDIR . "/php" . PHP_MAJOR_VERSION . "." . PHP_MINOR_VERSION) ?: PHP_BINDIR . "/php";';

    return String(execFileSync(php, ['-r', script]));
}

function directoryOf(stack) {
    return `${stack.dir}/hub`;
}
