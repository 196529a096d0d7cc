// What README.md, docs/start.md, docs/recipes.md, docs/production.md and docs/deploy.md show, as it stands there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launchBrowser } from '../support/browser.js';
import { filesIn, rowsIn } from '../support/docs.js';
import { RawStream, startStack, until } from '../support/index.js';
import { pagesForTabs } from '../support/tabs.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = ['docs/start.md', 'README.md', 'docs/recipes.md', 'docs/production.md', 'docs/deploy.md'];

let stack;
let browser;
before(async () => {
    const docroot = pagesForTabs();
    for (const page of PAGES) {
        for (const [name, text] of filesIn(page)) {
            if (/^[\w-]+\.(php|html)$/.test(name)) {
                writeFileSync(`${docroot}/${name}`, text);
            }
        }
    }
    // Beside the README's: the pages of docs/start.md under a name of their own.
    writeFileSync(`${docroot}/start.php`, filesIn('docs/start.md').get('page.php'));
    mkdirSync(`${docroot}/vendor`);
    cpSync(`${root}tools/src`, `${docroot}/vendor/tools`, { recursive: true });
    writeFileSync(`${docroot}/vendor/autoload.php`, "<?php foreach (glob(__DIR__ . '/tools/*.php') as $file) { require_once $file; }");
    stack = await startStack('--docroot', docroot, '--workers', '8');
    browser = await launchBrowser();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

/** A page in a browser of its own, where nothing was remembered; with the tab's errors. */
async function openPage(t, path, context = null) {
    if (!context) {
        context = await browser.newContext();
        t.after(() => context.close());
    }
    const page = await context.newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(error.message));
    await page.goto(`${stack.url}/${path}`);

    return page;
}

/** A file that is shown, on the command line. */
const run = (name, ...args) => promisify(execFile)(stack.php, [...stack.flags, `${stack.dir}/public/${name}`, ...args], { cwd: `${stack.dir}/public` });

for (const name of ['page.php', 'start.php']) {
    test(`${name} of the README and of docs/start.md shows what is pushed, once, and not again when it is loaded again`, async (t) => {
        await run('push.php');
        const page = await openPage(t, name);
        const shown = page.locator('#toast, #news');
        await page.waitForFunction(() => stream.readyState === EventSource.OPEN);
        assert.doesNotMatch(await shown.textContent(), /report/);
        await run('push.php');
        await page.locator('#toast, #news', { hasText: 'Your report is ready' }).waitFor();
        await page.reload();
        await page.waitForFunction(() => stream.readyState === EventSource.OPEN);
        await stack.push('news', { event: 'toast', message: 'next' });
        await page.locator('#toast, #news', { hasText: 'next' }).waitFor();

        assert.deepEqual(page.errors, []);
    });
}

test('README.md, live.php: answers 401 without a login, and streams with one', async () => {
    const refused = await fetch(`${stack.url}/live.php`);
    await refused.text();
    const login = await fetch(`${stack.url}/login.php?user=31`);
    await login.text();
    const stream = await RawStream.open(`${stack.url}/live.php`, { Cookie: login.headers.get('set-cookie').split(';')[0] });
    await stream.connected();
    await stack.push('user-31', { report: 505 });
    await stack.push('everybody', 'all');
    await until(() => stream.data.length === 2, 'for two events');
    stream.leave();

    assert.equal(refused.status, 401);
    assert.deepEqual(stream.data, [{ title: 'No. 505' }, 'all']);
    assert.equal(stream.events.at(-2).event, 'report');
});

test('docs/recipes.md, the progress of a job: its page shows it to the end, also one that comes then', async (t) => {
    const page = await openPage(t, 'job.php');
    await page.waitForFunction(() => stream.readyState === EventSource.OPEN);
    await run('job-run.php', '7', '4711');
    await page.locator('b', { hasText: 'report.pdf' }).waitFor();
    const late = await openPage(t, 'job.php');
    await late.locator('b', { hasText: 'report.pdf' }).waitFor();

    assert.equal(await page.locator('progress').evaluate((progress) => progress.value), 100);
});

test('docs/recipes.md, notifications: those to the user and to everybody, also what came between two pages', async (t) => {
    const page = await openPage(t, 'notifications.php');
    await page.waitForFunction(() => Sse.connect('/notifications-stream.php').status === 'open');
    await run('notify.php');
    await page.locator('#toasts li').nth(1).waitFor();
    const first = await page.locator('#toasts li').allTextContents();
    await page.goto('about:blank');
    await stack.push('user-7', { event: 'toast', message: 'between' });
    await page.goto(`${stack.url}/notifications.php`);
    await page.locator('#toasts li').first().waitFor();

    assert.deepEqual(first, ['Your report is ready', 'We close at six']);
    assert.deepEqual(await page.locator('#toasts li').allTextContents(), ['between']);
});

test('docs/recipes.md, a chat: two users read each other, and a third what was said before', async (t) => {
    const one = await openPage(t, 'chat.php');
    const other = await openPage(t, 'login.php?user=8');
    await other.goto(`${stack.url}/chat.php`);
    for (const [page, text] of [[one, '<b>Hello</b>'], [other, 'Hi']]) {
        await page.fill('[name=text]', text);
        await page.getByRole('button').click();
        await one.locator('li', { hasText: text }).waitFor();
    }
    await other.locator('li', { hasText: 'Hi' }).waitFor();
    const third = await openPage(t, 'chat.php');
    const expected = ['7: <b>Hello</b>', '8: Hi'];

    for (const page of [one, other, third]) {
        assert.deepEqual(await page.locator('li').allTextContents(), expected);
    }
});

test('docs/recipes.md, the words of a language model: they come in order, also to a page that is loaded again', async (t) => {
    const page = await openPage(t, 'answer.php');
    await run('answer-run.php', '7', '1');
    const whole = 'Events arrive in the order in which they were pushed.';
    await page.locator('#answer', { hasText: whole }).waitFor();
    await page.reload();
    await page.locator('#answer', { hasText: whole }).waitFor();

    assert.equal((await page.locator('#answer').textContent()).trim(), whole);
});

test('docs/recipes.md, a live table: is filled anew when something changed', async (t) => {
    const page = await openPage(t, 'table.php');
    await page.waitForFunction(() => Sse.connect('/table-stream.php').status === 'open');
    await run('table-save.php');
    await page.locator('td', { hasText: 'Nails <large>' }).waitFor();

    assert.equal(await page.locator('td').count(), 2);
});

test('docs/recipes.md: what beforeSend sees, and what comes of it', async () => {
    const dataOf = async (path) => /data: (.*)\n\n$/.exec(await stack.page(path))?.[1] ?? 'nothing';
    const code = (text) => text.replace(/^`|`$/g, '');
    const [[, , same, made], ...rows] = rowsIn('docs/recipes.md', 'fn($payload)');
    for (const [name, closure] of [['same.php', same], ['made.php', made]]) {
        const [, php] = /`(.*)`/.exec(closure);
        writeFileSync(`${stack.dir}/public/${name}`, `<?php Sse\\stream('before', ['beforeSend' => ${php}, 'follow' => false, 'connected' => false]);`);
    }
    for (const [, pushed, asItCame, anew] of rows) {
        await promisify(execFile)(stack.php, [...stack.flags, '-r', `Sse\\push('before', ${code(pushed)});`]);
        assert.deepEqual([await dataOf('/same.php'), await dataOf('/made.php')], [code(asItCame).replace(/:.*falsy$/, ''), code(anew)], pushed);
    }

    assert.equal(rows.length, 3);
    assert.equal(await dataOf('/before.php'), '{"got":{}}');
});

test('docs/production.md, metrics.php: Prometheus sees the hub that holds the streams', async (t) => {
    const stream = await RawStream.open(`${stack.url}/chat-stream.php`);
    t.after(() => stream.leave());
    await stream.connected();

    assert.match(await stack.page('/metrics.php'), /^sse_hub_up 1$[^]*^sse_hub_streams [1-9]\d*$/m);
});

test('docs/deploy.md, cross.php: a page of another origin reads the stream with its cookies', async () => {
    const stream = await RawStream.open(`${stack.url}/cross.php`, { Origin: 'https://www.example.org' });
    await stream.connected();
    stream.leave();

    assert.equal(stream.response.headers.get('access-control-allow-origin'), 'https://www.example.org');
    assert.equal(stream.response.headers.get('access-control-allow-credentials'), 'true');
});
