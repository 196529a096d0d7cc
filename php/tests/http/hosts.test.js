// Plain PHP where a host switches off what it doesn't need, and buffers.
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { RawStream, extension, fetch, startStackFor, until, within } from '../../../tests/support/index.js';

const SWITCHED_OFF = [
    'exec', 'passthru', 'shell_exec', 'system', 'proc_open', 'proc_get_status', 'popen', 'dl', 'putenv', 'set_time_limit',
    'ini_set', 'ignore_user_abort', 'link', 'symlink', 'readlink', 'chown', 'chgrp', 'chmod', 'umask', 'error_log', 'getmypid',
    'php_uname', 'disk_free_space', 'posix_getpwuid', 'posix_geteuid', 'posix_getppid', 'posix_kill', 'fsync', 'fdatasync',
    'time_nanosleep',
];
const ini = (settings) => Object.entries(settings).flatMap(([name, value]) => ['--ini', `${name}=${value}`]);
const switchedOff = { disable_functions: SWITCHED_OFF.join(',') };

for (const [what, settings] of [
    ['with what hosts like to switch off', switchedOff],
    ['with open_basedir', { open_basedir: `/tmp:${dirname(extension)}` }],
    ['with output_buffering', { output_buffering: 4096 }],
    ['with zlib.output_compression', { 'zlib.output_compression': 'On' }],
    ['with all of these', {
        ...switchedOff, open_basedir: `/tmp:${dirname(extension)}`, output_buffering: 4096, 'zlib.output_compression': 'On',
    }],
]) {
    test(`${what} pages push, events arrive at once, and HEAD has no body`, async (t) => {
        const stack = await startStackFor(t, ...ini(settings));
        const stream = await RawStream.open(stack.stream('host'), { 'Accept-Encoding': 'gzip' });
        t.after(() => stream.leave());
        await stream.connected();

        const page = await within(fetch(`${stack.url}/push.php`, { method: 'POST', body: '["host", {"n": 1}, null]' }), 'for a push');
        assert.match((await page.json()).id, /^\d+-\d+$/);
        await stream.received(1);
        const head = await within(fetch(stack.stream('host'), { method: 'HEAD' }), 'for HEAD');

        assert.deepEqual(stream.data, [{ n: 1 }]);
        assert.match(head.headers.get('content-type'), /^text\/event-stream\b/);
        assert.equal(await head.text(), '');
    });
}

test('where the time limit can not be lifted, a stream ends cleanly before it, and its client comes back', async (t) => {
    const stack = await startStackFor(t, ...ini({ ...switchedOff, max_execution_time: 2 }));
    const stream = await RawStream.open(stack.stream('limit', { note: 'end' }).replace('/stream.php', '/noted.php'));
    await stream.connected();
    await stack.push('limit', 1);

    assert.equal(await stream.end(), null);
    assert.match(stream.text, /\n\n$/);
    assert.deepEqual(stream.data, [1]);
    await until(async () => JSON.parse(await stack.page('/read.php?key=end'))[0]?.end === 'lifetime', 'for why it ended');
    const resumed = await RawStream.open(stack.stream('limit'), { 'Last-Event-ID': stream.lastId });
    t.after(() => resumed.leave());
    await resumed.connected();
});
