// What a recall is to the application: the request as it was first, made anew; and nothing that a client can forge.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Closures, RawStream, fetch, startStack, startStackFor, temporaryDirectory, until } from '../../support/index.js';

/** A stream of looks.php that the hub has, and what its beforeSend sees in a recall. */
async function look(t, stack, query, headers = {}) {
    const key = `looks ${Math.random()}`;
    const before = (await stack.status()).hub?.taken ?? 0;
    const url = stack.stream(key, query).replace('/stream.php', '/looks.php');
    const stream = await RawStream.open(url, headers);
    t.after(() => stream.leave());
    await stream.connected();
    await until(async () => ((await stack.status()).hub?.taken ?? 0) > before, () => `for the hand-over; ${stack.logs()}`);
    await stack.push(key, { n: 1 });
    await stream.received(1);

    return { stream, url, seen: stream.data[0].seen };
}

for (const options of [['--listen', 'unix'], ['--listen', 'tcp'], ['--ini', 'auto_globals_jit=0'], ['--ini', 'variables_order=EGPCS']]) {
    describe(options.join(' '), () => {
        let stack;
        before(async () => { stack = await startStack('--workers', '2', ...options); });
        after(() => stack?.stop());

        test('a recall is the first request again', async (t) => {
            const headers = { Cookie: 'theme=dark; PHPSESSID=abc', 'X-Custom': 'value', 'User-Agent': 'A browser' };
            const { seen, url } = await look(t, stack, { page: '1' }, headers);

            const address = new URL(url);
            assert.equal(seen.recalling, true);
            assert.deepEqual(seen.get, Object.fromEntries(address.searchParams));
            assert.deepEqual(seen.cookie, { theme: 'dark', PHPSESSID: 'abc' });
            assert.equal(seen.server.REQUEST_METHOD, 'GET');
            assert.equal(seen.server.REQUEST_URI, address.pathname + address.search);
            assert.equal(seen.server.HTTP_X_CUSTOM, 'value');
            assert.equal(seen.server.HTTP_USER_AGENT, 'A browser');
            assert.equal(seen.server.REMOTE_ADDR, '127.0.0.1');
            assert.equal(seen.server.SCRIPT_NAME, '/looks.php');
        });

        test('a recall has the parameters of the first request and no other', async (t) => {
            const { seen, url } = await look(t, stack, {});
            const first = JSON.parse(await stack.page(url.replace(stack.url, '') + '&plain=1'));
            const names = (request) => Object.keys(request.server).filter((name) => !/^HTTP_|^REQUEST_TIME/.test(name)).sort();

            assert.deepEqual(names(seen), names(first));
        });

        test('nothing shows the application how a recall is known', async (t) => {
            const { seen } = await look(t, stack, {});

            assert.deepEqual(seen.asked, [false, null, null]);
            assert.deepEqual(JSON.stringify(seen).match(/.{0,40}SSE_RECALL.{0,10}/g), null);
        });

        test('a client that sends the name is no recall, however it sends it', async () => {
            for (const [path, init] of [
                ['/looks.php?plain=1&key=a', { headers: { SSE_RECALL: 'x', 'SSE-Recall': 'x', 'Sse-Recall': 'x' } }],
                ['/looks.php?plain=1&key=a&SSE_RECALL=x', {}],
                ['/looks.php?plain=1&key=a', { headers: { Cookie: 'SSE_RECALL=x' } }],
                ['/looks.php?plain=1&key=a', { method: 'POST', body: new URLSearchParams({ SSE_RECALL: 'x' }) }],
            ]) {
                const answer = await fetch(stack.url + path, init);
                assert.equal((await answer.json()).recalling, false, path);
            }
        });

        test('headers and cookies of a recall go nowhere', async (t) => {
            const { stream } = await look(t, stack, {});

            assert.doesNotMatch(stream.text, /X-Of-The-Script|Set-Cookie|X-Powered-By|Content-type/i);
        });
    });
}

describe('a request that can not be made again stays in its worker', () => {
    let stack;
    let closures;
    before(async () => {
        stack = await startStack('--workers', '4', '--nginx', 'fastcgi_buffer_size 64k;', '--nginx', 'fastcgi_buffers 8 64k;');
        closures = new Closures(stack);
    });
    after(() => stack?.stop());

    for (const [what, why, init] of [
        ['a POST request', /only a GET request/, { method: 'POST', body: 'a=1' }],
        ['one with too much in its headers', /parameters have \d+ bytes/, { headers: { 'X-Large': 'x'.repeat(7000), 'X-Larger': 'x'.repeat(7000), 'X-Largest': 'x'.repeat(7000) } }],
    ]) {
        test(what, async (t) => {
            const stream = await RawStream.open(closures.url(what, ['beforeSend']), {}, init);
            t.after(() => stream.leave());
            await stream.connected();
            await stack.push(what, { n: 1 });
            await stream.received(1);

            assert.equal(await stack.streams(), 0);
            assert.equal(closures.count('recall'), 0);
            assert.match(stack.logs(), why);
            await stream.leave();
        });

        test(`${what}, with handoff "require", is an error that says why`, async () => {
            const url = closures.url(`required ${what}`, ['beforeSend'], { options: { handoff: 'require' } });
            const answer = await fetch(url, init);

            assert.match(await answer.text() + stack.logs(), why);
        });
    }
});

describe('in a session', () => {
    let stack;
    let closures;
    before(async () => {
        stack = await startStack('--workers', '3', '--ini', 'session.save_path=/tmp');
        closures = new Closures(stack);
    });
    after(() => stack?.stop());

    async function login(user) {
        return { Cookie: `PHPSESSID=${await stack.page(`/login.php?user=${user}`)}` };
    }

    for (const shared of [false, true]) {
        test(`a user who logs out loses the stream with the next event${shared ? ', and others keep what they share' : ''}`, async (t) => {
            const key = `session ${shared}`;
            const [mine, yours] = [await login('me'), await login('you')];
            const options = { shared };
            const [my, your] = [
                await closures.open(t, key, ['beforeSend'], { session: '1', options }, mine),
                await closures.open(t, key, ['beforeSend'], { session: '1', options }, yours),
            ];
            await stack.push(key, { n: 1 });
            await Promise.all([my, your].map((stream) => stream.received(1)));
            await stack.page('/login.php?user=', { headers: mine });
            await stack.push(key, { n: 2 });
            await your.received(2);
            await stack.push(key, { n: 3 });
            await your.received(3);

            assert.equal(await my.end(), null);
            assert.deepEqual(your.data.map(({ n }) => n), [1, 2, 3]);
            if (!shared) {
                assert.deepEqual(my.data, [{ who: 'me', n: 1 }]);
            }
        });
    }

    test('a recall reads the session as it is now, and holds it while no closure runs', async (t) => {
        const headers = await login('before');
        const stream = await closures.open(t, 'fresh', ['beforeSend'], { session: '1' }, headers);
        await stack.page('/login.php?user=after', { headers });
        await stack.push('fresh', { n: 1, do: 'sleep' });
        await until(() => closures.count('beforeSend 1') > 0, 'for the closure');
        const began = performance.now();
        await stack.page('/login.php', { headers });
        const waited = performance.now() - began;
        await stream.received(1);

        assert.deepEqual(stream.data, [{ who: 'after', n: 1, do: 'sleep' }]);
        assert.ok(waited < 290, `a page of the session waited ${waited} ms for the closure`);
    });
});

test('recalls work where opcache preloads', async (t) => {
    const directory = temporaryDirectory('preload');
    writeFileSync(`${directory}/preload.php`, '<?php class Preloaded {}');
    const stack = await startStackFor(t, '--workers', '2', '--ini', `opcache.preload=${directory}/preload.php`, '--ini', 'opcache.preload_user=www-data');
    const { seen } = await look(t, stack, {});

    assert.equal(seen.recalling, true);
    assert.equal(seen.preloaded, true);
});

test('a changed script is used at the next event', async (t) => {
    const stack = await startStackFor(t, '--workers', '2', '--ini', 'opcache.enable=0');
    const closures = new Closures(stack);
    const stream = await closures.open(t, 'changed', ['beforeSend'], { who: 'old' });
    await stack.push('changed', { n: 1 });
    await stream.received(1);
    const script = `${stack.dir}/public/closures.php`;
    writeFileSync(script, readFileSync(script, 'utf8').replace("['who' => $who]", "['who' => 'new']"));
    await stack.push('changed', { n: 2 });
    await stream.received(2);

    assert.deepEqual(stream.data.map(({ who }) => who), ['old', 'new']);
});
