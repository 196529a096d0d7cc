import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launchBrowser, openTab } from '../../../tests/support/browser.js';
import { filesIn } from '../../../tests/support/docs.js';
import { Listener, Proxy, RawStream, clients, isPlain, numbers, until, within } from '../../../tests/support/index.js';
import { readmeBlock, startCake } from './lib/cake.js';

/** The hub carries the streams; in plain PHP each holds a worker. */
const WORKERS = isPlain ? '6' : '2';

let cake;
let browser;
before(async () => {
    cake = await startCake({}, '--workers', WORKERS);
    browser = await launchBrowser();
});
after(async () => {
    await browser?.close();
    await cake?.stop();
});

const reports = (user, base = cake.url) => `${base}/stream/reports.sse?token=${user}`;
const get = async (path, init) => within(fetch(cake.url + path, init), `for ${path}`);

for (const [name, EventSource] of Object.entries(clients)) {
    test(`${name}: a toast and a hydrated report reach their listeners`, async (t) => {
        const user = name.length;
        const listener = new Listener(EventSource, reports(user), ['toast', 'report_ready', 'update']);
        t.after(() => listener.close());
        await listener.connected();

        await cake.push(`USER_QUEUE_${user}`, { event: 'toast', message: 'Done.', type: 'success' });
        await cake.push(`USER_QUEUE_${user}`, { report_id: 505 });
        await cake.push(`USER_QUEUE_${user}`, 'plain');
        await listener.received(3);

        const [toast, report, plain] = listener.events;
        assert.deepEqual([toast.name, toast.data], ['toast', { message: 'Done.', type: 'success' }]);
        assert.equal(report.name, 'report_ready');
        assert.deepEqual(report.data.data, { id: 505, title: 'Sales of May' });
        assert.deepEqual([plain.name, plain.data], ['update', 'plain']);
    });

    test(`${name}: what was pushed while a client was cut off arrives once, in order`, async (t) => {
        const proxy = await Proxy.to(cake.url);
        const key = `cut ${name}/ключ`;
        const listener = new Listener(EventSource, cake.probe(key).replace(cake.url, proxy.url));
        t.after(async () => {
            listener.close();
            await proxy.close();
        });
        await listener.connected();

        const pushing = Promise.all(numbers(1, 200).map((number) => cake.push(key, number)));
        await listener.received(10);
        proxy.cut();
        await pushing;
        proxy.mend();
        await listener.received(200);
        await cake.push(key, 201);
        await listener.received(201);

        assert.deepEqual(listener.data, numbers(1, 201));
    });
}

test('Chromium: a toast and a hydrated report reach their listeners, and a tab that comes back misses nothing', async (t) => {
    const proxy = await Proxy.to(cake.url);
    t.after(() => proxy.close());
    const tab = await openTab(t, browser, `${proxy.url}/probe/ping`, reports(77, ''), ['toast', 'report_ready', 'update']);
    await tab.connected();
    await cake.push('USER_QUEUE_77', { event: 'toast', message: 'Done.' });
    await cake.push('USER_QUEUE_77', { report_id: 505 });
    await tab.received(2);
    proxy.cut();
    await cake.push('USER_QUEUE_77', { missed: 1 });
    await cake.push('USER_QUEUE_77', { missed: 2 });
    proxy.mend();
    await tab.connected(2);
    await tab.received(4);

    const events = await tab.events();
    assert.deepEqual(events[0], ['toast', { message: 'Done.' }]);
    assert.equal(events[1][0], 'report_ready');
    assert.equal(events[1][1].data.title, 'Sales of May');
    assert.deepEqual(events.slice(2), [['update', { missed: 1 }], ['update', { missed: 2 }]]);
});

for (const page of ['README.md', '../docs/streams.md']) {
    test(`Chromium: with the handler that ${page} shows, whoever is told of a gap each time fetches its state and never reloads`, async (t) => {
        const tab = await browser.newPage();
        t.after(() => tab.close());
        const handler = readmeBlock('js', 'sse-gap', page);
        const opens = /new EventSource/.test(handler) ? '' : "const source = new EventSource('/stream/reports');";
        const body = `<script type="module">const show = (state) => { window.shown = state; }; ${opens} ${handler}</script>`;
        const gap = 'retry: 1\nid: x\nevent: sse-gap\ndata: {"keys":["k"],"from":"1-0","to":"1-0"}\n\n';
        const asked = { '/page': 0, '/stream/reports': 0, state: 0 };
        await tab.route('**/*', (route) => {
            const { pathname } = new URL(route.request().url());
            asked[pathname in asked ? pathname : 'state']++;

            return route.fulfill({
                '/page': { contentType: 'text/html', body },
                '/stream/reports': { contentType: 'text/event-stream', body: gap },
            }[pathname] ?? { json: { state: asked.state } });
        });
        await tab.goto(`${cake.url}/page`);
        await until(() => asked['/stream/reports'] >= 5 && asked.state >= 5, () => `for five gaps: ${JSON.stringify(asked)}`);

        assert.equal(asked['/page'], 1);
        assert.ok(await tab.evaluate(() => window.shown.state) > 0);
    });
}

test('Chromium: docs/start.md as it is shown: what is pushed is on the page, and not again when it is loaded again', async (t) => {
    const shown = filesIn('docs/start.md');
    for (const name of ['src/Controller/NewsController.php', 'templates/News/index.php']) {
        const tested = readFileSync(new URL(`../test_app/${name}`, import.meta.url), 'utf8');
        assert.equal(tested, shown.get(name), `tests/test_app/${name} is another`);
    }
    const page = await browser.newPage();
    t.after(() => page.close());
    const isOpen = () => page.waitForFunction(() => Sse.connect('/news/stream').status === 'open');
    await page.goto(`${cake.url}/news/index`);
    await isOpen();
    await cake.push('news', { event: 'toast', message: 'Hello' });
    await page.locator('#news', { hasText: 'Hello' }).waitFor();
    await page.reload();
    await isOpen();
    await cake.push('news', { event: 'toast', message: 'next' });
    await page.locator('#news', { hasText: 'next' }).waitFor();
});

test('the headers are those of an event stream, and the stream opens with the time of the application', async (t) => {
    const stream = await RawStream.open(reports(20));
    t.after(() => stream.leave());
    await stream.connected();

    assert.equal(stream.response.status, 200);
    assert.match(stream.response.headers.get('content-type'), /^text\/event-stream\b/);
    assert.equal(stream.response.headers.get('cache-control'), 'no-cache');
    assert.match(JSON.parse(stream.events[0].data).time, /^\d\d:\d\d:\d\d$/);
});

test('HEAD is answered with the headers alone', async () => {
    const answer = await get('/stream/reports.sse?token=21', { method: 'HEAD' });

    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^text\/event-stream\b/);
});

test('without a login the answer is a 401 in JSON, and no redirect', async () => {
    const answer = await get('/stream/reports.sse', { redirect: 'manual' });

    assert.equal(answer.status, 401);
    assert.deepEqual(await answer.json(), { message: 'Please log in.' });
});

test('a wrong option is an error page, and no stream', async () => {
    const answer = await within(fetch(cake.probe('wrong', { options: { poll: -1 } })), 'for an answer');

    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.headers.get('content-type'), /event-stream/);
    assert.match(cake.log(), /option "poll" is "-1"/);
});

test('what closures throw and print is in the logs, and in the stream there are frames alone', async (t) => {
    const stream = await RawStream.open(cake.probe('faulty', { action: 'faulty' }));
    t.after(() => stream.leave());
    await stream.connected();
    for (const fault of ['throw', 'warn', 'utf8']) {
        await cake.push('faulty', { fault });
    }
    await cake.push('faulty', { fine: true });
    await until(() => stream.data.at(-1)?.fine, 'for the event after them');

    // A warning is none of the stream's business: the closure goes on.
    assert.deepEqual(stream.data, [[null], { fine: true }]);
    assert.doesNotMatch(stream.text, /[<>]/);
    assert.match(cake.log(), /SSE stream of the key "faulty": onLoop threw, the stream goes on: LogicException: onLoop failed/);
    assert.match(cake.log(), /beforeSend threw, the stream goes on: LogicException: beforeSend failed/);
});

test('a stream does not keep its session from other pages', async (t) => {
    const first = await get('/probe/session');
    assert.equal(await first.text(), '1');
    const cookie = first.headers.get('set-cookie').split(';')[0];
    const stream = await RawStream.open(`${cake.url}/probe/session.sse?key=session`, { Cookie: cookie });
    t.after(() => stream.leave());
    await stream.connected();

    const second = await get('/probe/session', { headers: { Cookie: cookie } });

    assert.equal(await second.text(), '3');
});

test('a page may be given the position at which its stream begins', async (t) => {
    await cake.push('position', 1);
    const before = await RawStream.open(cake.probe('position'));
    await before.received(1);
    const position = before.lastId;
    await before.leave();
    await cake.push('position', 2);
    await cake.push('position', 3);

    const stream = await RawStream.open(cake.probe('position', { lastEventId: position }));
    t.after(() => stream.leave());
    await stream.received(2);

    assert.deepEqual(stream.data, [2, 3]);
});
