// The page to look inside with, in the demo: tools/debug by demo/public/debug.php.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from '../../support/browser.js';
import { startStack } from '../../support/index.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

let stack;
let browser;
before(async () => {
    stack = await startStack('--docroot', `${root}demo/public`);
    // As demo.php does.
    cpSync(`${root}tools`, `${stack.dir}/tools`, { recursive: true });
    copyFileSync(`${root}js/sse.js`, `${stack.dir}/tools/sse.js`);
    browser = await launchBrowser();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

async function openPage(t, hash = '') {
    const page = await browser.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    t.after(async () => {
        await page.close();
        assert.deepEqual(errors, []);
    });
    await page.goto(`${stack.url}/debug.php${hash}`);

    return page;
}

const texts = (page, selector) => page.locator(`#events ${selector}`).allTextContents();

test('a key that is added shows what it has, then what is pushed, with key, name, data, time and id', async (t) => {
    await stack.push('added', 'old');
    const page = await openPage(t);
    await page.fill('#keys [name=key]', 'added');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.locator('#events li', { hasText: 'old' }).waitFor();
    await page.locator('#state[data-state=open]').waitFor();
    const id = await stack.push('added', { event: 'toast', message: '<b>new</b>' });
    await page.locator('#events li', { hasText: '<b>new</b>' }).waitFor();

    assert.deepEqual(await texts(page, '.name'), ['toast', 'message']);
    assert.deepEqual(await texts(page, '.key'), ['added', 'added']);
    assert.deepEqual((await texts(page, 'pre'))[0], '{"event":"toast","message":"<b>new</b>"}');
    assert.equal((await texts(page, '.id'))[0], id);
    assert.match((await texts(page, 'time'))[0], /^\d\d:\d\d:\d\d\.\d{3}$/);
});

test('keys of the address are listened to, each event comes once, and one that is taken out stays silent', async (t) => {
    const page = await openPage(t, '#one,two');
    await page.locator('#state[data-state=open]').waitFor();
    for (const number of [1, 2, 3]) {
        await stack.push(number % 2 ? 'one' : 'two', number);
        // Events of two keys in one millisecond have no order.
        await page.locator('#events li').nth(number - 1).waitFor();
    }
    await page.getByRole('button', { name: 'No longer listen to two' }).click();
    await page.locator('#state[data-state=open]').waitFor();
    await stack.push('two', 4);
    await stack.push('one', 5);
    await page.locator('#events li').nth(3).waitFor();

    assert.deepEqual(await texts(page, 'pre'), ['5', '3', '2', '1']);
    assert.equal(new URL(page.url()).hash, '#one');
});

test('the form pushes, and says what is wrong with what it was given', async (t) => {
    const page = await openPage(t);
    const push = page.getByRole('button', { name: 'Push' });
    await page.fill('#push [name=key]', 'form');
    await page.fill('#push [name=event]', 'toast');
    await page.fill('#push [name=data]', '{"nothing": {}}');
    await push.click();
    await page.locator('#pushed', { hasText: 'Pushed as' }).waitFor();
    await page.locator('#events .name', { hasText: 'toast' }).waitFor();
    await page.fill('#push [name=data]', 'Hello');
    await push.click();
    await page.locator('#pushed.error', { hasText: 'no JSON' }).waitFor();
    await page.fill('#push [name=data]', '{}');
    await page.fill('#push [name=event]', 'error');
    await push.click();
    await page.locator('#pushed.error', { hasText: 'EventSource' }).waitFor();
});

test('it shows the hub and the store, and what is wrong with them', async (t) => {
    const page = await openPage(t, '#served');
    await page.locator('#facts', { hasText: 'held by the hub' }).waitFor();
    await page.locator('#facts', { hasText: /1 of [\d,]+ streams, 1 key/ }).waitFor();
    await page.locator('#facts', { hasText: stack.store }).waitFor();

    assert.equal(await page.locator('#problems').isHidden(), true);
});
