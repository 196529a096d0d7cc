// The demo's crowd: 1,000 streams on two workers, while the page goes on answering.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from '../../support/browser.js';
import { startStackFor, until } from '../../support/index.js';

const demo = fileURLToPath(new URL('../../../demo/', import.meta.url));

test('the page shows a crowd of 1,000 streams, and its requests are answered on', async (t) => {
    const stack = await startStackFor(t, '--docroot', `${demo}public`);
    // What the demo's launcher does besides.
    mkdirSync(`${stack.dir}/crowd`);
    chmodSync(`${stack.dir}/crowd`, 0o777);
    writeFileSync(`${stack.dir}/workers`, '2');
    const browser = await launchBrowser();
    t.after(() => browser.close());
    const page = await browser.newPage();
    const streams = page.locator('#streams');
    const answers = async () => Number((await page.locator('#answers').textContent()).replace(/\D/g, ''));
    await page.goto(stack.url);
    await page.getByRole('button', { name: 'Open 1,000 more streams' }).click();
    await until(async () => (await stack.status()).crowds === 1, 'for the page\'s wish');
    const crowd = spawn(stack.php, ['-n', `${demo}crowd.php`, `${stack.url}/events.php`], { stdio: 'ignore' });
    t.after(() => crowd.kill());
    await until(async () => await streams.textContent() === '1,001', async () => `for the crowd, there are ${await streams.textContent()}`);
    const before = await answers();
    await until(async () => await answers() >= before + 3, 'for answers beside the crowd');
    crowd.kill();
    await until(async () => await streams.textContent() === '1', 'for the crowd to leave');

    assert.equal(await page.locator('#workers').textContent(), '2');
});
