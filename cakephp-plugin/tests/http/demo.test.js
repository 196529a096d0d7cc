// demo/cakephp as a person uses it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launchBrowser, openPage } from '../../../tests/support/browser.js';
import { freePort } from '../../../tests/support/builtin.js';
import { extension, isPlain, php, startStack, temporaryDirectory, until, within } from '../../../tests/support/index.js';

/** The hub carries the streams; in plain PHP each holds a worker. */
const WORKERS = isPlain ? '6' : '2';

const demo = fileURLToPath(new URL('../../../demo/cakephp', import.meta.url));
const run = promisify(execFile);

let stack;
let browser;
before(async () => {
    stack = await startStack('--app', demo, '--workers', WORKERS);
    browser = await launchBrowser();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

const cake = (...words) => run(
    stack.php,
    [...stack.flags, `${stack.app}/bin/cake.php`, ...words],
    { env: { ...process.env, SSE_TMP: stack.tmp } },
);

test('a report is saved, its id is pushed, and every open page shows the whole of it', async (t) => {
    const { page, errors } = await openPage(t, browser, stack.url);
    const { page: second } = await openPage(t, browser, stack.url);

    await page.getByRole('button', { name: 'A report' }).click();

    for (const one of [page, second]) {
        const report = one.locator('.report').first();
        await report.waitFor();
        assert.match(await report.textContent(), /^Sales of \w+€[\d,.]+No\. 1, fetched at \d\d:\d\d:\d\d$/);
    }
    assert.deepEqual(errors, []);
});

test('a toast is shown, from the page\'s button and from the command line', async (t) => {
    const { page, errors } = await openPage(t, browser, stack.url);

    await page.getByRole('button', { name: 'A toast' }).click();
    await page.locator('.toast[data-type=success]', { hasText: 'Process completed at' }).waitFor();
    const { stdout } = await cake('push', '<b>from the command line</b>', '--type', 'warning');
    assert.match(stdout, /Pushed\./);
    await page.locator('.toast[data-type=warning]', { hasText: '<b>from the command line</b>' }).waitFor();

    assert.deepEqual(errors, []);
});

test('the next page shows no toast again, and one that was pushed between two pages', async (t) => {
    const { page, errors } = await openPage(t, browser, stack.url);
    await cake('push', 'before');
    await page.locator('.toast', { hasText: 'before' }).waitFor();
    await page.goto('about:blank');
    await cake('push', 'between');
    await page.goto(stack.url);
    await page.locator('.toast', { hasText: 'between' }).waitFor();
    await page.reload();
    await page.locator('#state[data-state=live]').waitFor();
    await cake('push', 'after');
    await page.locator('.toast', { hasText: 'after' }).waitFor();

    assert.deepEqual(await page.locator('.toast').allTextContents(), ['after']);
    assert.deepEqual(errors, []);
});

test('the page shows what is on the wire, and that onLoop has seen its user', async (t) => {
    const { page, errors } = await openPage(t, browser, stack.url);
    await cake('push', 'on the wire');
    await page.locator('#wire li', { hasText: 'toast {"message":"on the wire","type":"success"}' }).waitFor();
    await page.locator('#seen', { hasText: /^\d\d:\d\d:\d\d$/ }).waitFor();
    await page.getByRole('button', { name: 'Close the stream' }).click();
    await page.locator('#state[data-state=closed]').waitFor();
    await cake('push', 'while it was closed');
    await page.getByRole('button', { name: 'Open it again' }).click();
    await page.locator('#wire li', { hasText: 'while it was closed' }).waitFor();

    assert.deepEqual(errors, []);
});

test('/sse-debug shows what is pushed, and pushes', async (t) => {
    const { page, errors } = await openPage(t, browser, stack.url);
    const debug = await browser.newPage();
    t.after(() => debug.close());
    debug.on('pageerror', (error) => errors.push(error.message));
    await debug.goto(`${stack.url}/sse-debug#USER_QUEUE_1`);
    await debug.locator('#state[data-state=open]').waitFor();
    await cake('push', 'seen by both');
    await debug.locator('#events li', { hasText: 'seen by both' }).waitFor();
    await debug.fill('#push [name=event]', 'toast');
    await debug.fill('#push [name=data]', '{"message": "from the debug page", "type": "success"}');
    await debug.getByRole('button', { name: 'Push' }).click();
    await page.locator('.toast', { hasText: 'from the debug page' }).waitFor();
    await debug.locator('#events li', { hasText: 'from the debug page' }).waitFor();

    assert.deepEqual(errors, []);
});

test('without a login the stream answers 401 in JSON', async () => {
    const answer = await within(fetch(`${stack.url}/stream/reports`, { redirect: 'manual' }), 'for an answer');

    assert.equal(answer.status, 401);
    assert.deepEqual(await answer.json(), { message: 'Please log in.' });
});

test('without a terminal the demo proves that a push arrives, and leaves nothing behind', async () => {
    const { stdout } = await run(php, [`${demo}/demo.php`, '--extension', extension]);

    assert.match(stdout, /proof +logged in, subscribed, "bin\/cake push" ran, the toast arrived/);
    const [, tmp] = stdout.match(/push +(\S+)\/push Hello/);
    assert.equal(existsSync(tmp), false);
    await assert.rejects(fetch(stdout.match(/page +(\S+)/)[1]));
});

// With the extension it is the same, where php.ini loads it.
isPlain && test('"bin/cake server" shows it, with nothing but PHP', async (t) => {
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const server = spawn(php, [`${demo}/bin/cake.php`, 'server', '-p', String(port)], {
        // A group of its own: it starts PHP, which has workers.
        stdio: 'ignore', detached: true, env: { ...process.env, SSE_TMP: temporaryDirectory('cake'), PHP_CLI_SERVER_WORKERS: '8' },
    });
    t.after(() => process.kill(-server.pid, 'SIGINT'));
    await until(() => fetch(url).then((answer) => answer.text(), () => null), 'for the server');
    const { page, errors } = await openPage(t, browser, url);

    await page.getByRole('button', { name: 'A report' }).click();
    await page.locator('.report').first().waitFor();

    assert.deepEqual(errors, []);
});
