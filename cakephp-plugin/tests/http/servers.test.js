// The same application behind servers that are set up in other ways.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawStream, isPlain, numbers, until, within } from '../../../tests/support/index.js';
import { readmeBlock, startCake } from './lib/cake.js';

// Taken out of the README, with the places of this stack in it.
const sseLocation = () => readmeBlock('nginx', 'location ~ \\.sse$')
    .replace('$document_root/index.php;', '{index}; {params}')
    .replace(/include .*;/, 'include /etc/nginx/fastcgi_params;')
    .replace(/fastcgi_pass .*;/, 'fastcgi_pass php;');

for (const [what, query, ...options] of [
    ['with the README\'s location for .sse', {}, '--location', sseLocation],
    ['with an open output buffer of a toolbar', { toolbar: 1 }],
    ['with output buffers in php.ini', {}, '--ini', 'output_buffering=4096', '--ini', 'implicit_flush=0'],
    ['with compression in php.ini', {}, '--ini', 'zlib.output_compression=1'],
    ['with gzip in nginx', {}, '--nginx', 'gzip on; gzip_types *;'],
    ['with buffering asked for in nginx', {}, '--nginx', 'fastcgi_buffering on;'],
]) {
    test(`${what} events arrive at once, and a client that leaves frees its worker`, async (t) => {
        const given = options.map((option) => (typeof option === 'function' ? option() : option));
        const cake = await startCake({}, '--workers', '1', ...given);
        t.after(() => cake.stop());
        // Plain PHP notices at the heartbeat only that a client has left.
        for (const round of numbers(1, isPlain ? 1 : 3)) {
            const url = new URL(`${cake.url}/stream/reports.sse`);
            url.search = new URLSearchParams({ token: 1, ...query });
            const stream = await RawStream.open(url.href, { 'Accept-Encoding': 'gzip' });
            await stream.connected();
            await cake.push('USER_QUEUE_1', { event: 'toast', round });
            await until(() => stream.data.at(-1)?.round === round, 'for the event');
            await stream.leave();
            assert.doesNotMatch(stream.text, /[<>]/);
        }
        const answer = await within(fetch(`${cake.url}/probe/ping`), 'for a page');
        assert.equal(await answer.text(), '<body>pong</body>');
    });
}
