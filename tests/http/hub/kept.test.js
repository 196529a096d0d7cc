// Connections that the web server keeps: a stream's must not come back with another request on it.
//
// SSE_KEPT_POSTS says how many requests each of these tests sends. The default is quick; to lose one where
// something is wrong takes some ten thousand, and to be sure takes 300,000.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetch, numbers, startStackFor } from '../../support/index.js';

const POSTS = Number(process.env.SSE_KEPT_POSTS ?? 6_000);
const LOOPS = 6;
const CLIENTS = 40;

for (const [name, ...options] of [
    ['nginx', '--workers', '20', '--nginx', 'fastcgi_keep_conn on;', '--upstream', 'keepalive 8;'],
    ['nginx, FPM on TCP', '--workers', '20', '--listen', 'tcp', '--nginx', 'fastcgi_keep_conn on;', '--upstream', 'keepalive 8;'],
    // Each of its processes keeps connections of its own, and each takes a worker. Over a unix socket it can't be kept
    // from losing some: docs/hub.md.
    ['Apache, FPM on TCP', '--workers', '100', '--server', 'apache', '--listen', 'tcp', '--apache', 'enablereuse=on'],
]) {
    test(`${name}: no POST is lost while streams end`, { timeout: 3_600_000 }, async (t) => {
        const stack = await startStackFor(t, ...options);
        let ended = 0;
        let sent = 0;
        const refused = new Map();
        const note = (what) => refused.set(what, (refused.get(what) ?? 0) + 1);

        const stream = async () => {
            const url = stack.stream('kept', { options: { lifetime: 0.05, handoff: 'require' } });
            while (sent < POSTS) {
                const answer = await fetch(url, { headers: { Accept: 'text/event-stream' } });
                const text = await answer.text();
                if (answer.status !== 200 || !text.includes('event: connected')) {
                    note(`a stream: ${answer.status} ${text.slice(0, 200)}`);
                }
                ended++;
            }
        };
        const post = async () => {
            while (sent++ < POSTS) {
                const answer = await fetch(`${stack.url}/ping.php`, { method: 'POST', body: 'x=1' });
                const text = await answer.text();
                if (answer.status !== 200 || text !== 'pong') {
                    note(`a POST: ${answer.status} ${text.slice(0, 200)}`);
                }
            }
        };
        await Promise.all([...numbers(1, CLIENTS).map(stream), ...numbers(1, LOOPS).map(post)]);

        t.diagnostic(`${POSTS} POSTs beside ${ended} streams`);
        assert.deepEqual([...refused], []);
        assert.ok(ended > CLIENTS);
    });
}
