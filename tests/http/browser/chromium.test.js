import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, openTab } from '../../support/browser.js';
import { Proxy, numbers, startStack, streamUrl } from '../../support/index.js';

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

async function newContext(t) {
    const context = await browser.newContext();
    t.after(() => context.close());

    return context;
}

/** A tab with a stream of a key, through the proxy or straight. */
const follow = (t, context, key, { base = stack.url, names = undefined, ...query } = {}) => openTab(t, context, `${base}/page.html`, streamUrl(base, key, query), names);

test('Chromium: after a cut nothing is lost and nothing doubled', async (t) => {
    const tab = await follow(t, await newContext(t), 'cut', { base: proxy.url });
    await tab.connected();

    const pushing = stack.pushNumbers('cut', 1, 300);
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
    const tab = await follow(t, await newContext(t), 'lifetime', { options: { lifetime: 1 } });
    for (const round of [1, 2, 3]) {
        await tab.connected(round);
        await stack.pushNumbers('lifetime', round * 100 + 1, round * 100 + 100);
    }
    await tab.received(300);

    assert.deepEqual(await tab.data(), numbers(101, 400));
});

test('Chromium: two tabs get every event, and one goes on when the other closes', async (t) => {
    const context = await newContext(t);
    const left = await follow(t, context, 'tabs');
    const right = await follow(t, context, 'tabs');
    await left.connected();
    await right.connected();
    await stack.pushNumbers('tabs', 1, 50);
    await left.received(50);
    await right.received(50);
    await right.close();
    await stack.pushNumbers('tabs', 51, 60);
    await left.received(60);

    assert.deepEqual(await left.data(), numbers(1, 60));
});

test('Chromium: events reach listeners by their name, whatever their data', async (t) => {
    const tab = await follow(t, await newContext(t), 'names', { names: ['message', 'order', 'Grüße'] });
    await tab.connected();
    const text = 'one\ntwo\r\nthree\rfour, 世界 👋 \u2028 \u0000';
    await stack.push('names', text);
    await stack.push('names', { text }, 'order');
    await stack.push('names', { event: 'Grüße', text });
    await tab.received(3);

    assert.deepEqual(await tab.events(), [['message', text], ['order', { text }], ['Grüße', { text }]]);
});

test('Chromium: comes back through a restart of PHP-FPM, and misses nothing', async (t) => {
    const tab = await follow(t, await newContext(t), 'restart');
    await tab.connected();
    await stack.fpm('quit');
    await stack.push('restart', 1);
    await stack.fpm('start');
    await stack.push('restart', 2);
    await tab.received(2);

    assert.deepEqual(await tab.data(), [1, 2]);
});
