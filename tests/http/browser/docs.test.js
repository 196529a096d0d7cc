// What docs/browser.md and js/README.md show, as it stands there.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { copies, published } from '../../../js/publish.js';
import { launchBrowser } from '../../support/browser.js';
import { blockIn, filesIn } from '../../support/docs.js';
import { startStack } from '../../support/index.js';
import { pagesForTabs } from '../../support/tabs.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const GUIDE = 'docs/browser.md';
const library = (path) => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));
const LIBRARIES = {
    'htmx.js': library('htmx.org/dist/htmx.js'),
    'htmx2.js': library('htmx2/dist/htmx.js'),
    'turbo.js': library('@hotwired/turbo/dist/turbo.es2017-umd.js'),
    'alpine.js': library('alpinejs/dist/cdn.js'),
};
const files = filesIn(GUIDE);

let stack;
let browser;
before(async () => {
    const pages = pagesForTabs();
    for (const [name, text] of files) {
        writeFileSync(`${pages}/${name}`, text);
    }
    for (const [name, path] of Object.entries(LIBRARIES)) {
        copyFileSync(path, `${pages}/${name}`);
    }
    writeFileSync(`${pages}/htmx2.html`, files.get('htmx.html').replace('htmx.js', 'htmx2.js'));
    writeFileSync(`${pages}/readme.html`, blockIn('js/README.md', '<script>'));
    writeFileSync(`${pages}/logout.html`, `${blockIn(GUIDE, 'data-user')}<script>${blockIn(GUIDE, 'sse:logout')}</script>`);
    stack = await startStack('--docroot', pages);
    browser = await launchBrowser();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

/** A page of the guide in a browser of its own, where nothing was remembered; its stream is open. */
async function openPage(t, name) {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${stack.url}/${name}`);
    t.after(() => assert.deepEqual(errors, []));

    return page;
}

const push = (message) => stack.push('news', { event: 'toast', message });

for (const name of ['page.html', 'cursor.php', 'shared.php', 'module.html', 'tag.php']) {
    test(`${GUIDE}, ${name}: what is pushed is shown`, async (t) => {
        const page = await openPage(t, name);
        await push(`for ${name}`);

        await page.locator('#news', { hasText: `for ${name}` }).waitFor();
    });
}

test(`${GUIDE}: pages with a cursor don't show what was pushed before`, async (t) => {
    await push('old');
    for (const name of ['cursor.php', 'shared.php', 'tag.php']) {
        const page = await openPage(t, name);
        await page.evaluate(() => {
            window.shown = [];
            new MutationObserver(() => window.shown.push(document.getElementById('news').textContent))
                .observe(document.getElementById('news'), { childList: true });
        });
        await push('new');
        await page.locator('#news', { hasText: 'new' }).waitFor();
        assert.deepEqual(await page.evaluate(() => window.shown), ['new'], name);
    }
});

test(`${GUIDE}, status.html: shows since when the connection is lost, until it is back`, async (t) => {
    const page = await openPage(t, 'status.html');
    await page.waitForFunction(() => Sse.connect('/stream.php').status === 'open');
    await stack.web('stop');
    await page.locator('#offline', { hasText: /No connection since .*\d/ }).waitFor();
    await stack.web('start');
    await page.locator('#offline').waitFor({ state: 'hidden' });
});

test(`${GUIDE}, gap.html: is filled, and filled again at a gap`, async (t) => {
    await push('kept');
    const page = await openPage(t, 'gap.html');
    await page.locator('#news li', { hasText: 'kept' }).first().waitFor();
    await page.evaluate(() => document.getElementById('news').replaceChildren());
    await page.evaluate(() => document.dispatchEvent(new CustomEvent('sse-gap')));

    await page.locator('#news li', { hasText: 'kept' }).first().waitFor();
});

test(`${GUIDE}, toasts.php: a toast that was pushed between two pages is shown by the second`, async (t) => {
    const page = await openPage(t, 'toasts.php');
    await page.waitForFunction(() => Sse.connect('/stream.php').status === 'open');
    await page.goto(`${stack.url}/page.html`);
    await push('between');
    await page.goto(`${stack.url}/toasts.php`);

    await page.locator('#toast', { hasText: 'between' }).waitFor();
});

test(`${GUIDE}: a pushed logout closes the stream`, async (t) => {
    const page = await openPage(t, 'logout.html');
    await page.waitForFunction(() => Sse.connect('/stream.php', { user: 7 }).status === 'open');
    await page.evaluate(() => { window.stream = Sse.connect('/stream.php', { user: 7 }); });
    await stack.push('news', null, 'logout');

    await page.waitForFunction(() => window.stream.status === 'closed');
});

for (const name of ['htmx.html', 'htmx2.html']) {
    test(`${GUIDE}, ${name}: rows are fetched when one is pushed`, async (t) => {
        await push(`before ${name}`);
        const page = await openPage(t, name);
        await page.locator('li', { hasText: `before ${name}` }).waitFor();
        await push(`after ${name}`);

        await page.locator('li', { hasText: `after ${name}` }).waitFor();
    });
}

test(`${GUIDE}, turbo.html: pushed markup is rendered, on the next page too, once and over one connection`, async (t) => {
    const page = await openPage(t, 'turbo.html');
    let requests = 0;
    page.on('request', (request) => { requests += request.url().includes('stream.php'); });
    await page.waitForFunction(() => Sse.connect('/stream.php').status === 'open');
    const [, html] = /"(<turbo.*)", 'turbo'/.exec(blockIn(GUIDE, '<turbo-stream')).map((text) => text.replaceAll('\\"', '"').replace('$message', 'Your report is ready'));
    await stack.push('news', html, 'turbo');
    await page.locator('#news li', { hasText: 'Your report is ready' }).waitFor();
    await page.getByText('Next').click();
    await page.waitForURL(/next/);
    await page.locator('#news:empty').waitFor({ state: 'attached' });
    await stack.push('news', html, 'turbo');
    await page.locator('#news li').first().waitFor();

    assert.equal(await page.locator('#news li').count(), 1);
    assert.equal(requests, 0);
});

test(`${GUIDE}, alpine.html: events are data, and so is the status`, async (t) => {
    const page = await openPage(t, 'alpine.html');
    await page.locator('p', { hasText: 'open' }).waitFor();
    await push('for Alpine');

    await page.locator('li', { hasText: 'for Alpine' }).waitFor();
});

test('js/README.md: its example tells what is pushed', async (t) => {
    const page = await openPage(t, 'readme.html');
    await page.waitForFunction(() => Sse.connect('/stream.php').status === 'open');
    page.on('dialog', (dialog) => dialog.accept());
    const shown = page.waitForEvent('dialog', (dialog) => dialog.message() === 'for the README');
    await push('for the README');
    await shown;
});

for (const copy of copies) {
    test(`${relative(root, fileURLToPath(copy))} is what node js/publish.js makes of its source, and below 3 KB gzipped`, () => {
        const bytes = readFileSync(copy);

        assert.equal(bytes.toString(), published(), 'run: node js/publish.js');
        assert.ok(gzipSync(bytes, { level: 9 }).length < 3000);
    });
}
