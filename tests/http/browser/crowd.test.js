// The demo's crowd: 1,000 streams on two workers, while the page goes on answering.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from '../../support/browser.js';
import { startStackFor, until } from '../../support/index.js';

const demo = fileURLToPath(new URL('../../../demo/', import.meta.url));

/** A page in the browser, and the crowd that the demo's launcher would bring. */
async function open(t) {
    const stack = await startStackFor(t, '--docroot', `${demo}public`);
    // What the demo's launcher does besides.
    mkdirSync(`${stack.dir}/crowd`);
    chmodSync(`${stack.dir}/crowd`, 0o777);
    writeFileSync(`${stack.dir}/workers`, '2');
    const browser = await launchBrowser();
    t.after(() => browser.close());
    const page = await browser.newPage();
    await page.goto(stack.url);
    const streams = page.locator('#streams');

    return {
        stack,
        page,
        streams,
        answers: async () => Number((await page.locator('#answers').textContent()).replace(/\D/g, '')),
        async bring(query = '') {
            await page.getByRole('button', { name: 'Open 1,000 more streams' }).click();
            await until(async () => (await stack.status()).crowds === 1, 'for the page\'s wish');
            const crowd = spawn(stack.php, ['-n', `${demo}crowd.php`, `${stack.url}/events.php${query}`], { stdio: 'ignore' });
            t.after(() => crowd.kill());
            await until(async () => await streams.textContent() === '1,001', async () => `for the crowd, there are ${await streams.textContent()}`);

            return crowd;
        },
    };
}

test('the page shows a crowd of 1,000 streams, and its requests are answered on', async (t) => {
    const { page, streams, answers, bring } = await open(t);
    const crowd = await bring();
    const before = await answers();
    await until(async () => await answers() >= before + 3, 'for answers beside the crowd');
    crowd.kill();
    await until(async () => await streams.textContent() === '1', 'for the crowd to leave');

    assert.equal(await page.locator('#workers').textContent(), '2');
});

test('the crowd may have a beforeSend each: an event is a thousand recalls, and the page is answered on', async (t) => {
    const { stack, page, answers, bring } = await open(t);
    await page.getByRole('checkbox', { name: 'each with a beforeSend of its own' }).check();
    await until(async () => (await stack.status()).closures === true, 'for the page\'s wish');
    await bring('?closures=1');
    const [before, { hub }] = [await answers(), await stack.status()];
    await stack.push('demo', { message: 'hello' });
    await until(async () => (await stack.status()).hub.recalls >= hub.recalls + 1000, 'for the recalls');
    await until(async () => await answers() >= before + 3, 'for answers beside them');

    assert.equal((await stack.status()).hub.last_error, null);
});
