// js/sse.js in Chromium: tabs that come and go, sleep, hang and lose their connection while events are pushed.
// ROUNDS=200 SEED=7 make it longer and another one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchBrowser } from '../../support/browser.js';
import { Proxy, numbers, pause, startStackFor, streamUrl, until } from '../../support/index.js';
import { Tab, pagesForTabs } from '../../support/tabs.js';

const ROUNDS = Number(process.env.ROUNDS || 25);
// Some hundred events a second, as much as Chromium gets through beside the rest.
const PACE_MS = 2;
const MORE = 10;
const SEED = Number(process.env.SEED || 1);

/** Numbers from 0 to 1, the same for the same seed. */
function* randomFrom(seed) {
    for (let state = seed >>> 0; ;) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        yield state / 2 ** 32;
    }
}

for (const [how, lacks] of Object.entries({ 'with Web Locks': '', 'without Web Locks': 'locks' })) {
    test(`a storm over tabs: each has each event of each key once and in order, ${how}`, async (t) => {
        const stack = await startStackFor(t, '--docroot', pagesForTabs());
        const proxy = await Proxy.to(stack.url);
        const browser = await launchBrowser();
        t.after(() => browser.close());
        t.after(() => proxy.close());
        const context = await browser.newContext();
        const keys = ['storm 0', 'storm 1', 'storm 2'];
        const address = streamUrl('http://host', keys).slice('http://host'.length);
        const random = randomFrom(SEED);
        const pick = (list) => list[Math.floor(random.next().value * list.length)];
        const open = () => Tab.open(t, context, proxy.url, { address, lacks });
        let tabs = [await open(), await open(), await open()];
        await Promise.all(tabs.map((tab) => tab.has('open')));
        let last = -1;
        /** Pushes while something happens, and a few more; one after the other, so that numbers are in order. */
        const pushDuring = async (act) => {
            let isOver = false;
            const acting = act().finally(() => { isOver = true; });
            for (let more = MORE; !isOver || more-- > 0;) {
                last++;
                await stack.push(keys[last % keys.length], last);
                await pause(PACE_MS);
            }
            await acting;
        };
        const acts = {
            open: async () => tabs.length < 8 && tabs.push(await open()),
            close: async () => {
                if (tabs.length > 3) {
                    const tab = pick(tabs);
                    tabs = tabs.filter((other) => other !== tab);
                    await tab.close();
                }
            },
            reload: async () => pick(tabs).page.reload(),
            sleep: async () => pick(tabs).page.evaluate(() => document.dispatchEvent(new Event('freeze'))),
            wake: () => Promise.all(tabs.map((tab) => tab.page.evaluate(() => document.dispatchEvent(new Event('resume'))))),
            hang: async () => pick(tabs).page.evaluate(() => { for (const end = Date.now() + 700; Date.now() < end;); }),
            cut: async () => { proxy.cut(); proxy.mend(); },
            restart: async () => { await stack.fpm('quit'); await stack.fpm('start'); },
        };
        for (let round = 0; round < ROUNDS; round++) {
            const name = pick(Object.keys(acts));
            await pushDuring(acts[name]);
        }
        await pushDuring(acts.wake);

        for (const tab of tabs) {
            assert.deepEqual((await tab.events()).filter(([name]) => name !== 'message'), []);
            for (const index of numbers(0, keys.length - 1)) {
                const newest = last - ((last - index) % keys.length + keys.length) % keys.length;
                let own;
                await until(async () => {
                    own = (await tab.data()).filter((number) => number % keys.length === index);

                    return own.at(-1) === newest;
                }, () => `for ${newest}, there is ${own.at(-1)}`);
                assert.deepEqual(own, own.map((_, at) => own[0] + at * keys.length));
            }
        }
        await until(() => tabs.filter((tab) => tab.isConnected).length === 1, () => `for one connection, there are ${tabs.filter((tab) => tab.isConnected).length}`);
    });
}
