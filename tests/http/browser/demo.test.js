import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetch } from 'undici';
import { launchBrowser, openPage } from '../../support/browser.js';
import { extension, php, startStack, startStackFor } from '../../support/index.js';

const demo = fileURLToPath(new URL('../../../demo/', import.meta.url));

let stack;
let browser;
before(async () => {
    stack = await startStack('--docroot', `${demo}public`);
    browser = await launchBrowser();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('demo: without a terminal it proves that a push arrives, and leaves nothing behind', async () => {
    const { stdout } = await promisify(execFile)(php, [`${demo}demo.php`, '--extension', extension]);

    assert.match(stdout, /proof +subscribed in [\d.]+ ms, pushed, received [\d,]+ µs after the push/);
    const [, dir] = stdout.match(/push +(\S+)\/push demo hello/);
    assert.equal(existsSync(dir), false);
    const [, url] = stdout.match(/page +(\S+)/);
    await assert.rejects(fetch(url));
});

test('demo: in plain PHP, without a terminal it proves that a push arrives, and leaves nothing behind', async () => {
    const { stdout } = await promisify(execFile)(php, [`${demo}plain.php`]);

    assert.match(stdout, /proof +subscribed in [\d.]+ ms, pushed, received [\d,]+ µs after the push/);
    const [, dir] = stdout.match(/push +(\S+)\/push demo hello/);
    assert.equal(existsSync(dir), false);
    const [, url] = stdout.match(/page +(\S+)/);
    await assert.rejects(fetch(url));
});

test('demo: what the form pushes appears under its key, with its latency', async (t) => {
    const { page, errors } = await openPage(t, browser, stack.url);

    await page.fill('[name=message]', 'for demo');
    await page.getByRole('button', { name: 'Push', exact: true }).click();
    await page.getByText('news', { exact: true }).first().click();
    await page.fill('[name=message]', '<b>for news</b>');
    await page.getByRole('button', { name: 'Push', exact: true }).click();
    await page.locator('#demo li', { hasText: 'for demo' }).waitFor();
    const news = page.locator('#news li', { hasText: '<b>for news</b>' });
    await news.waitFor();

    assert.match(await news.locator('small').textContent(), /\d (µs|ms)$/);
    assert.deepEqual(errors, []);
});

test('demo: the script for another terminal pushes to the key that it is given, and the page shows how it is called', async (t) => {
    const write = 'require $argv[1]; require $argv[2]; echo Sse\\Support\\writePlainPush($argv[3], array_slice($argv, 4));';
    const { stdout: script } = await promisify(execFile)(php, [
        '-r', write, '--', `${demo}../tests/support/load.php`, `${demo}beside.php`, stack.dir, php, ...stack.flags,
    ]);
    const { page, errors } = await openPage(t, browser, stack.url);
    await promisify(execFile)(script, []);
    await promisify(execFile)(script, ['news', "it's <b>here</b>"]);
    await page.locator('#demo li', { hasText: 'hello' }).first().waitFor();
    await page.locator('#news li', { hasText: "it's <b>here</b>" }).waitFor();
    await page.getByText('news', { exact: true }).first().click();

    assert.equal(await page.locator('#command').textContent(), `${script} news hello`);
    assert.deepEqual(errors, []);
});

test('demo: what is pushed while the page is disconnected arrives when it reconnects', async (t) => {
    const { page } = await openPage(t, browser, stack.url);
    await page.getByRole('button', { name: 'Disconnect' }).click();
    for (const message of ['first', 'second', 'third']) {
        await stack.push('demo', { message: `missed: ${message}`, at: Date.now() / 1000 });
    }
    await page.getByRole('button', { name: 'Reconnect' }).click();
    await page.locator('#demo li', { hasText: 'missed: third' }).waitFor();

    const missed = await page.locator('#demo li', { hasText: 'missed:' }).locator('p').allTextContents();
    assert.deepEqual(missed, ['missed: third', 'missed: second', 'missed: first']);
    assert.equal(await page.locator('#demo li', { hasText: 'missed:' }).filter({ hasText: 'replayed' }).count(), 3);
});

test('demo: an event that says when it was pushed is plotted', async (t) => {
    const { page } = await openPage(t, browser, stack.url);
    await stack.push('pulse', { at: Date.now() / 1000 }, 'pulse');
    await page.locator('#plot[aria-label^="1 events"], #plot[aria-label^="2 events"]').waitFor();

    assert.match(await page.locator('#median').textContent(), /^[\d.]+ (µs|ms)$/);
});

test('demo: where streams hold workers no crowd can be opened, and the page says why', async (t) => {
    const other = await startStackFor(t, '--docroot', `${demo}public`, '--workers', '4', '--ini', 'sse.hub=off');
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(other.url);
    await page.locator('#crowd-hindrance', { hasText: 'each stream holds a PHP worker' }).waitFor();
    const answer = await fetch(`${other.url}/load.php`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ crowds: 1 }),
    });

    assert.equal(await page.locator('#more').isVisible(), false);
    assert.equal(answer.status, 409);
});
