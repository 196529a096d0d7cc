// js/sse.js in Chromium: tabs that share a connection, and what becomes of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from '../../support/browser.js';
import { Proxy, numbers, startStack, streamUrl, until } from '../../support/index.js';
import { Tab, leaderOf, pagesForTabs } from '../../support/tabs.js';

let stack;
let browser;
before(async () => {
    stack = await startStack('--docroot', pagesForTabs());
    browser = await launchBrowser();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

async function newContext(t) {
    const context = await browser.newContext();
    t.after(() => context.close());

    return context;
}

/** The address of a stream, as a page names it. */
const addressOf = (key, query) => streamUrl(stack.url, key, query).slice(stack.url.length);

/** A tab of a key; with its page's own cursor unless told otherwise. */
const openTab = (t, context, key, { stream, base = stack.url, ...query } = {}) => Tab.open(t, context, base, { address: addressOf(key, stream), now: key, ...query });

const openTabs = (t, context, count, key, query) => Promise.all(numbers(1, count).map(() => openTab(t, context, key, query)));

async function assertAllHave(tabs, expected) {
    await Promise.all(tabs.map((tab) => tab.received(expected.length)));
    for (const tab of tabs) {
        assert.deepEqual(await tab.data(), expected);
    }
}

const WITHOUT_LOCKS = { lacks: 'locks' };

for (const [how, query] of Object.entries({
    'with cursors of their pages': {},
    'without cursors': { now: undefined },
    'without Web Locks': WITHOUT_LOCKS,
    'without Web Locks and cursors': { ...WITHOUT_LOCKS, now: undefined },
})) {
    test(`ten tabs on HTTP/1.1 share one connection, ${how}`, async (t) => {
        const context = await newContext(t);
        const key = `ten ${how}`;
        const tabs = await openTabs(t, context, 10, key, query);
        await leaderOf(tabs);
        await stack.holds(1);
        await stack.pushNumbers(key, 1, 20);

        await assertAllHave(tabs, numbers(1, 20));
        await leaderOf(tabs);
    });
}

for (const [how, query] of Object.entries({ 'with Web Locks': {}, 'without Web Locks': WITHOUT_LOCKS })) {
    test(`a tab that has the connection closes while events are pushed: the others miss nothing and get nothing twice, ${how}`, async (t) => {
        const context = await newContext(t);
        const key = `close ${how}`;
        let tabs = await openTabs(t, context, 4, key, query);
        let last = 0;
        for (const round of numbers(1, 3)) {
            const leader = await leaderOf(tabs);
            const pushing = stack.pushNumbers(key, last + 1, last + 100);
            await leader.received(last + 10);
            tabs = tabs.filter((tab) => tab !== leader);
            await leader.close();
            await pushing;
            last += 100;
            assert.equal(tabs.length, 4 - round);
            await assertAllHave(tabs, numbers(1, last));
        }
    });
}

test('the tab that has the connection crashes: the others go on, and miss nothing', async (t) => {
    const context = await newContext(t);
    const tabs = await openTabs(t, context, 3, 'crash');
    const leader = await leaderOf(tabs);
    const others = tabs.filter((tab) => tab !== leader);
    await stack.push('crash', 1);
    await assertAllHave(tabs, [1]);
    const crashed = leader.page.waitForEvent('crash');
    leader.page.goto('chrome://crash').catch(() => {});
    await crashed;
    await stack.push('crash', 2);

    await assertAllHave(others, [1, 2]);
});

test('the tab that has the connection goes into the back-forward cache and comes back: no tab misses anything', async (t) => {
    const keeping = await launchBrowser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
    t.after(() => keeping.close());
    const context = await keeping.newContext();
    const tabs = await openTabs(t, context, 3, 'cached');
    const leader = await leaderOf(tabs);
    const others = tabs.filter((tab) => tab !== leader);
    await leader.page.evaluate(() => {
        addEventListener('pageshow', ({ persisted }) => { window.wasCached = persisted; });
    });
    await leader.page.goto(`${stack.url}/page.html`);
    await leaderOf(others);
    await stack.push('cached', 1);
    await assertAllHave(others, [1]);
    await leader.page.goBack({ waitUntil: 'commit' });
    await stack.push('cached', 2);

    await assertAllHave(tabs, [1, 2]);
    assert.equal(await leader.page.evaluate(() => window.wasCached), true);
    await leaderOf(tabs);
});

// A headless browser has no hidden tabs, and freezes no others.
test('the tab that has the connection is told that it will be frozen: another one connects; thawed, it has all', async (t) => {
    const context = await newContext(t);
    const tabs = await openTabs(t, context, 3, 'freeze');
    const leader = await leaderOf(tabs);
    const others = tabs.filter((tab) => tab !== leader);
    await leader.page.evaluate(() => document.dispatchEvent(new Event('freeze')));
    await leaderOf(others);
    await stack.push('freeze', 1);
    await assertAllHave(others, [1]);
    assert.deepEqual(await leader.data(), []);
    await leader.page.evaluate(() => document.dispatchEvent(new Event('resume')));
    await stack.push('freeze', 2);

    await assertAllHave(tabs, [1, 2]);
    await leaderOf(tabs);
});

test('the tab that has the connection hangs in an alert(): the others connect, and all have everything once', async (t) => {
    const context = await newContext(t);
    const tabs = await openTabs(t, context, 3, 'hang');
    const leader = await leaderOf(tabs);
    const others = tabs.filter((tab) => tab !== leader);
    const shown = leader.page.waitForEvent('dialog');
    leader.page.evaluate(() => { setTimeout(alert); });
    const dialog = await shown;
    await stack.push('hang', 1);
    await assertAllHave(others, [1]);
    await dialog.accept();
    await stack.push('hang', 2);

    await assertAllHave(tabs, [1, 2]);
    await leaderOf(tabs);
});

test('a tab of another user has a stream of its own, at the same address', async (t) => {
    const context = await newContext(t);
    const query = { address: '/mine.php' };
    const open = async (user) => {
        await context.addCookies([{ name: 'user', value: user, url: stack.url }]);

        return [await Tab.open(t, context, stack.url, query), await Tab.open(t, context, stack.url, { ...query, now: `user ${user}` })];
    };
    const ofOne = await open('1');
    await leaderOf(ofOne);
    const ofTwo = await open('2');
    await Promise.all([...ofOne, ...ofTwo].map((tab) => tab.has('open')));
    await stack.push('user 1', 'for 1');
    await stack.push('user 2', 'for 2');

    await assertAllHave(ofOne, ['for 1']);
    await assertAllHave(ofTwo, ['for 2']);
});

test('a tab that is loaded again after somebody else has logged in has that user\'s stream, not its tabs\'', async (t) => {
    const context = await newContext(t);
    const logIn = (user) => context.addCookies([{ name: 'user', value: user, url: stack.url }]);
    await logIn('3');
    const tabs = [await Tab.open(t, context, stack.url, { address: '/mine.php' }), await Tab.open(t, context, stack.url, { address: '/mine.php' })];
    const leader = await leaderOf(tabs);
    const [other] = tabs.filter((tab) => tab !== leader);
    await logIn('4');
    await other.page.reload();
    await other.has('open');
    await stack.push('user 3', 'for 3');
    await stack.push('user 4', 'for 4');

    await assertAllHave([other], ['for 4']);
    await assertAllHave([leader], ['for 3']);
});

test('tabs of users that are named apart share nothing', async (t) => {
    const context = await newContext(t);
    const tabs = [
        await openTab(t, context, 'named', { options: { user: '1' } }),
        await openTab(t, context, 'named', { options: { user: '2' } }),
    ];
    await Promise.all(tabs.map((tab) => tab.has('open')));

    assert.deepEqual(tabs.map((tab) => tab.isConnected), [true, true]);
});

test('without BroadcastChannel each tab has its connection', async (t) => {
    const context = await newContext(t);
    const tabs = await openTabs(t, context, 2, 'alone', { lacks: 'BroadcastChannel locks' });
    await Promise.all(tabs.map((tab) => tab.has('open')));
    await stack.pushNumbers('alone', 1, 5);

    await assertAllHave(tabs, numbers(1, 5));
    assert.deepEqual(tabs.map((tab) => tab.isConnected), [true, true]);
});

test('a stream of several keys is shared, and each tab has each event once through closing tabs', async (t) => {
    const context = await newContext(t);
    const keys = numbers(1, 4).map((number) => `several ${number}`);
    let tabs = await Promise.all(numbers(1, 4).map(() => Tab.open(t, context, stack.url, { address: addressOf(keys) })));
    const pushed = [];
    for (const round of numbers(0, 2)) {
        const leader = await leaderOf(tabs);
        const pushing = Promise.all(numbers(1, 100).map((number) => {
            pushed.push(round * 100 + number);

            return stack.push(keys[number % 4], round * 100 + number);
        }));
        await leader.received(round * 100 + 10);
        tabs = tabs.filter((tab) => tab !== leader);
        await leader.close();
        await pushing;
        await Promise.all(tabs.map((tab) => tab.received(pushed.length)));
        for (const tab of tabs) {
            assert.deepEqual((await tab.data()).toSorted((a, b) => a - b), pushed);
        }
    }
});

test('a status other than 200 doesn\'t end it: it says so, and comes back', async (t) => {
    const context = await newContext(t);
    const address = addressOf('refused', { 'refused[]': '1', code: '503', options: { lifetime: 1 } }).replace('stream.php', 'refusing.php');
    const tab = await Tab.open(t, context, stack.url, { address, now: 'refused' });
    await tab.has('open');
    await until(async () => (await tab.statuses()).some(([status]) => status === 'lost'), 'for the refusal');
    await stack.push('refused', 1);
    await tab.received(1);

    assert.deepEqual(await tab.data(), [1]);
    assert.deepEqual((await tab.statuses()).slice(0, 4), [['open', 0], ['connecting', 0], ['lost', 503], ['open', 0]]);
});

test('a login page in its place doesn\'t end it', async (t) => {
    const context = await newContext(t);
    const address = addressOf('login', { 'refused[]': '0', code: '200' }).replace('stream.php', 'refusing.php');
    const tab = await Tab.open(t, context, stack.url, { address, now: 'login' });
    await tab.has('open');

    assert.deepEqual(await tab.statuses(), [['lost', 200], ['open', 0]]);
});

test('204 ends it', async (t) => {
    const context = await newContext(t);
    const address = addressOf('ended', { 'refused[]': '0', code: '204' }).replace('stream.php', 'refusing.php');
    const tab = await Tab.open(t, context, stack.url, { address });
    await tab.has('closed');

    assert.equal(tab.requests, 1);
});

test('after a cut nothing is lost and nothing doubled, in any tab', async (t) => {
    const context = await newContext(t);
    const proxy = await Proxy.to(stack.url);
    t.after(() => proxy.close());
    const tabs = await openTabs(t, context, 3, 'cut', { base: proxy.url });
    await leaderOf(tabs);
    const pushing = stack.pushNumbers('cut', 1, 200);
    await tabs[0].received(20);
    proxy.cut();
    await Promise.all(tabs.map((tab) => tab.has('lost')));
    await pushing;
    proxy.mend();

    await assertAllHave(tabs, numbers(1, 200));
    await Promise.all(tabs.map((tab) => tab.has('open')));
});

test('a connection that is silent for too long is made anew', async (t) => {
    const context = await newContext(t);
    const tab = await openTab(t, context, 'silent', { options: { silence: 0.5 } });
    await until(() => tab.requests >= 3, 'for three connections');
    await stack.push('silent', 1);
    await tab.received(1);

    assert.deepEqual(await tab.data(), [1]);
});

test('a page that is loaded again goes on where it was: nothing twice, and what came meanwhile', async (t) => {
    const context = await newContext(t);
    const tab = await Tab.open(t, context, stack.url, { address: addressOf('reload') });
    await tab.has('open');
    await stack.push('reload', 1);
    await tab.received(1);
    await tab.page.goto(`${stack.url}/page.html`);
    await stack.pushNumbers('reload', 2, 4);
    await tab.page.goto(tab.url.href);
    await tab.received(4);
    await stack.push('reload', 5);
    await tab.received(5);
    await tab.page.reload();
    await stack.push('reload', 6);
    await tab.received(6);

    assert.deepEqual(await tab.data(), numbers(1, 6));
});

test('the cursor of a page wins over the tab\'s own', async (t) => {
    const context = await newContext(t);
    const tab = await openTab(t, context, 'page wins');
    await tab.has('open');
    await tab.page.goto(`${stack.url}/page.html`);
    await stack.push('page wins', 'in the page already');
    await tab.page.goto(tab.url.href);
    await tab.has('open');
    await stack.push('page wins', 'new');
    await tab.received(1);

    assert.deepEqual(await tab.data(), ['new']);
});

test('with resume the tab\'s own cursor wins: what was pushed between two pages comes', async (t) => {
    const context = await newContext(t);
    await stack.push('resume', 'before the first page');
    const tab = await openTab(t, context, 'resume', { options: { resume: true } });
    await tab.has('open');
    await tab.page.goto(`${stack.url}/page.html`);
    await stack.push('resume', 'between the pages');
    await tab.page.goto(tab.url.href);
    await tab.received(1);

    assert.deepEqual(await tab.data(), ['between the pages']);
});

test('a page with a cursor finds its tabs\' connection without one request', async (t) => {
    const context = await newContext(t);
    const leader = await openTab(t, context, 'no request');
    await leader.has('open');
    await stack.push('no request', 1);
    await leader.received(1);
    const other = await openTab(t, context, 'no request');
    await other.has('open');
    await stack.push('no request', 2);
    await other.received(1);

    assert.deepEqual(await other.data(), [2]);
    assert.equal(other.requests, 0);
});

// Of a store that there is no more; of the key USER_QUEUE_1.
const OLD_CURSOR = 'EBI0VnjyNawBm3baqAAJ7ZGq';

test('a gap is told once to each tab, and once to a page that reloads at gaps with an old cursor', async (t) => {
    const context = await newContext(t);
    const query = { address: addressOf('USER_QUEUE_1'), options: { cursor: OLD_CURSOR } };
    await stack.push('USER_QUEUE_1', 1);
    const tabs = [await Tab.open(t, context, stack.url, query), await Tab.open(t, context, stack.url, query)];
    await Promise.all(tabs.map((tab) => tab.received(2)));
    await tabs[0].page.reload();
    await tabs[0].received(3);

    assert.deepEqual((await tabs[0].events()).map(([name]) => name), ['sse-gap', 'message', 'message']);
    assert.deepEqual((await tabs[1].events()).map(([name]) => name), ['sse-gap', 'message']);
});

test('every tab\'s handlers are told an event by its name, those of the stream and those of the document', async (t) => {
    const context = await newContext(t);
    const tabs = await openTabs(t, context, 2, 'names');
    await leaderOf(tabs);
    const text = 'one\ntwo\r\nthree\rfour, 世界 👋 \u2028 \u0000';
    for (const tab of tabs) {
        await tab.page.evaluate(() => {
            window.heard = [];
            window.stream.addEventListener('Grüße', (event) => window.heard.push(['stream', event.type, JSON.parse(event.data), typeof event.lastEventId]));
            addEventListener('sse:Grüße', ({ detail }) => window.heard.push(['document', detail.name, detail.data, typeof detail.id, detail.stream === window.stream]));
        });
    }
    await stack.push('names', text, 'Grüße');
    await Promise.all(tabs.map((tab) => tab.received(1)));

    for (const tab of tabs) {
        assert.deepEqual(await tab.page.evaluate(() => window.heard), [
            ['stream', 'Grüße', text, 'string'],
            ['document', 'Grüße', text, 'string', true],
        ]);
    }
});

test('a large event arrives whole, also one whose characters are cut by the network', async (t) => {
    const context = await newContext(t);
    const tabs = await openTabs(t, context, 2, 'large');
    await leaderOf(tabs);
    const text = 'Größe 世界 👋 '.repeat(20_000);
    await stack.push('large', text);

    await assertAllHave(tabs, [text]);
});

test('connecting twice to one address gives the same stream; after close() it is a new one', async (t) => {
    const context = await newContext(t);
    const tab = await openTab(t, context, 'twice');
    await tab.has('open');

    assert.deepEqual(await tab.page.evaluate(() => {
        const again = window.Sse.connect(window.stream.url);
        again.close();

        return [again === window.stream, again.status, window.Sse.connect(again.url) === again];
    }), [true, 'closed', false]);
});

test('close() of the tab that has the connection leaves it to the others', async (t) => {
    const context = await newContext(t);
    const tabs = await openTabs(t, context, 2, 'leave');
    const leader = await leaderOf(tabs);
    const [other] = tabs.filter((tab) => tab !== leader);
    await leader.page.evaluate(() => window.stream.close());
    await leaderOf([other]);
    await stack.push('leave', 1);
    await other.received(1);

    assert.deepEqual(await leader.data(), []);
    assert.deepEqual(await other.data(), [1]);
});

test('each tag of a page connects its own stream', async (t) => {
    const context = await newContext(t);
    const page = await context.newPage();
    await page.goto(`${stack.url}/tags.html`);
    await stack.holds(2);
    await stack.push('first tag', 1);
    await stack.push('second tag', 2);

    await page.waitForFunction(() => window.got.length === 2);
    assert.deepEqual(await page.evaluate(() => window.got.sort()), [1, 2]);
});
