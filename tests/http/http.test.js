import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fetch } from 'undici';
import { RawStream, isPlain, notInPlainPhp, numbers, onEachTier, startStack, startStackFor, until, within } from '../support/index.js';

onEachTier((tier, options) => {
    let stack;
    before(async () => { stack = await startStack('--workers', '1', ...options); });
    after(() => stack?.stop());

    test('status says where streams are held', async () => {
        assert.equal((await stack.status()).tier, tier);
    });

    test('the headers are those of an event stream that nobody keeps', async (t) => {
        const stream = await RawStream.open(stack.stream('headers'));
        t.after(() => stream.leave());

        assert.equal(stream.response.status, 200);
        assert.match(stream.response.headers.get('content-type'), /^text\/event-stream\b/);
        assert.equal(stream.response.headers.get('cache-control'), 'no-cache');
        assert.equal(stream.response.headers.get('content-encoding'), null);
    });

    test('HEAD is answered with the headers alone, and holds no worker', async () => {
        const answer = await within(fetch(stack.stream('head'), { method: 'HEAD' }), 'for HEAD');

        assert.equal(answer.status, 200);
        assert.match(answer.headers.get('content-type'), /^text\/event-stream\b/);
        assert.equal(await answer.text(), '');
        assert.equal(await stack.page(), 'pong');
    });

    test('a client that leaves frees its only worker at once', notInPlainPhp('it notices at the heartbeat'), async () => {
        const stream = await RawStream.open(stack.stream('leave'));
        await stream.connected();
        await stream.leave();

        // The heartbeat, which would notice later, comes after 25 s.
        assert.equal(await stack.page(), 'pong');
    });

    test('an idle stream has comments as heartbeats, and no events', async () => {
        const stream = await RawStream.open(stack.stream('idle', { options: { heartbeat: 1 } }));
        await until(() => stream.comments.length >= 2, 'for two heartbeats');
        await stream.leave();

        assert.deepEqual(stream.events.map(({ event }) => event), ['connected']);
    });

    test('a stream that reaches its lifetime ends cleanly, and tells when to come back', async () => {
        const stream = await RawStream.open(stack.stream('end', { options: { lifetime: 1 } }));

        assert.equal(await stream.end(), null);
        assert.deepEqual(stream.retries, [100]);
    });

    test('an error before the stream is an error page, not a stream', async () => {
        const answer = await within(fetch(stack.stream('', {})), 'for an answer');
        await answer.text();

        assert.equal(answer.status, 500);
        assert.doesNotMatch(answer.headers.get('content-type'), /event-stream/);
    });

    for (const [what, ...more] of [
        // A connection that nginx keeps occupies its worker: one for each nginx process, and some more.
        ['with keep-alive to FPM', '--workers', '6', '--nginx', 'fastcgi_keep_conn on;', '--upstream', 'keepalive 1;'],
        ['with keep-alive asked of FPM, and none kept', '--workers', '1', '--nginx', 'fastcgi_keep_conn on;'],
        ['with buffering asked for in nginx', '--workers', '1', '--nginx', 'fastcgi_buffering on;'],
        ['with compression in php.ini', '--workers', '1', '--ini', 'zlib.output_compression=1'],
        ['with output buffers in php.ini', '--workers', '1', '--ini', 'output_buffering=4096', '--ini', 'implicit_flush=0'],
    ]) {
        test(`${what} events arrive at once, and a client that leaves frees its worker`, async (t) => {
            const other = await startStackFor(t, ...options, ...more);
            // Plain PHP notices at the heartbeat only that a client has left.
            for (const round of numbers(1, isPlain ? 2 : 10)) {
                const stream = await RawStream.open(other.stream('configured'), { 'Accept-Encoding': 'gzip' });
                await stream.connected();
                await other.push('configured', { round });
                await until(() => stream.data.at(-1)?.round === round, 'for the event');
                await stream.leave();
            }
            assert.equal(await other.page(), 'pong');
        });
    }

    test('a stream does not keep its session from other pages', async (t) => {
        const other = await startStackFor(t, ...options, '--ini', 'session.save_path=/tmp');
        const first = await fetch(`${other.url}/session.php`);
        await first.text();
        const cookie = first.headers.get('set-cookie').split(';')[0];
        const stream = await RawStream.open(`${other.url}/session.php?key=session`, { Cookie: cookie });
        t.after(() => stream.leave());
        await stream.connected();

        assert.equal(await other.page('/session.php', { headers: { Cookie: cookie } }), 'pong');
    });
});
