import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from '../../support/chromium.js';
import { numbers } from '../../support/numbers.js';
import { Proxy } from '../../support/proxy.js';
import { startStack, streamUrl } from '../../support/stack.js';
import { until } from '../../support/until.js';

let stack;
let proxy;
let browser;
before(async () => {
    stack = await startStack('--workers', '8');
    proxy = await Proxy.to(stack.url);
    browser = await launchBrowser();
});
after(async () => {
    await browser?.close();
    await proxy?.close();
    await stack?.stop();
});

/** A tab with an EventSource that remembers what it got. */
async function openTab(t, context, url, names = ['message']) {
    const page = await context.newPage();
    t.after(() => page.close());
    await page.goto(new URL('/page.html', url).href);
    await page.evaluate(([address, eventNames]) => {
        window.connects = 0;
        window.events = [];
        window.source = new EventSource(address);
        window.source.addEventListener('connected', () => { window.connects++; });
        for (const name of eventNames) {
            window.source.addEventListener(name, (event) => window.events.push([name, JSON.parse(event.data)]));
        }
    }, [url, names]);

    return {
        events: () => page.evaluate(() => window.events),
        data: async () => (await page.evaluate(() => window.events)).map(([, data]) => data),
        connects: () => page.evaluate(() => window.connects),
        connected: (times = 1) => until(async () => await page.evaluate(() => window.connects) >= times, `for ${times} connections`),
        received: (count) => until(async () => await page.evaluate(() => window.events.length) >= count, `for ${count} events`),
        close: () => page.close(),
    };
}

async function newContext(t) {
    const context = await browser.newContext();
    t.after(() => context.close());

    return context;
}

const pushNumbers = (key, first, last) => Promise.all(numbers(first, last).map((number) => stack.push(key, number)));

test('Chromium: after a cut nothing is lost and nothing doubled', async (t) => {
    const tab = await openTab(t, await newContext(t), streamUrl(proxy.url, 'cut'));
    await tab.connected();

    const pushing = pushNumbers('cut', 1, 300);
    await tab.received(20);
    proxy.cut();
    await pushing;
    proxy.mend();
    await tab.received(300);
    await stack.push('cut', 301);
    await tab.received(301);

    assert.deepEqual(await tab.data(), numbers(1, 301));
    assert.ok(await tab.connects() >= 2);
});

test('Chromium: a stream that ends with its lifetime goes on without a seam', async (t) => {
    const tab = await openTab(t, await newContext(t), stack.stream('lifetime', { options: { lifetime: 1 } }));
    for (const round of [1, 2, 3]) {
        await tab.connected(round);
        await pushNumbers('lifetime', round * 100 + 1, round * 100 + 100);
    }
    await tab.received(300);

    assert.deepEqual(await tab.data(), numbers(101, 400));
});

test('Chromium: two tabs get every event, and one goes on when the other closes', async (t) => {
    const context = await newContext(t);
    const left = await openTab(t, context, stack.stream('tabs'));
    const right = await openTab(t, context, stack.stream('tabs'));
    await left.connected();
    await right.connected();
    await pushNumbers('tabs', 1, 50);
    await left.received(50);
    await right.received(50);
    await right.close();
    await pushNumbers('tabs', 51, 60);
    await left.received(60);

    assert.deepEqual(await left.data(), numbers(1, 60));
});

test('Chromium: events reach listeners by their name, whatever their data', async (t) => {
    const tab = await openTab(t, await newContext(t), stack.stream('names'), ['message', 'order', 'Grüße']);
    await tab.connected();
    const text = 'one\ntwo\r\nthree\rfour, 世界 👋 \u2028 \u0000';
    await stack.push('names', text);
    await stack.push('names', { text }, 'order');
    await stack.push('names', { event: 'Grüße', text });
    await tab.received(3);

    assert.deepEqual(await tab.events(), [['message', text], ['order', { text }], ['Grüße', { text }]]);
});

test('Chromium: comes back through a restart of PHP-FPM, and misses nothing', async (t) => {
    const tab = await openTab(t, await newContext(t), stack.stream('restart'));
    await tab.connected();
    await stack.fpm('quit');
    await stack.push('restart', 1);
    await stack.fpm('start');
    await stack.push('restart', 2);
    await tab.received(2);

    assert.deepEqual(await tab.data(), [1, 2]);
});
