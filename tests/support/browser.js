import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { until } from './until.js';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
// root has no sandbox; the others keep the browser from calling home.
const FLAGS = [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** The Chromium of this machine, or the one that CHROMIUM names; with further options of Playwright's. */
export function launchBrowser(options = {}) {
    return chromium.launch({ executablePath: process.env.CHROMIUM || PATHS.find(existsSync), args: FLAGS, ...options });
}

/** A page of a demo, once it is live, and what went wrong in it. */
export async function openPage(t, browser, url) {
    const page = await browser.newPage();
    t.after(() => page.close());
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(url);
    await page.locator('#state[data-state=live]').waitFor();

    return { page, errors };
}

/** A tab of a browser, or of a context of its own, at a page; there an EventSource remembers what it gets. */
export async function openTab(t, browser, page, address, names = ['message']) {
    const tab = await browser.newPage();
    t.after(() => tab.close());
    await tab.goto(page);
    await tab.evaluate(([url, eventNames]) => {
        window.connects = 0;
        window.events = [];
        window.source = new EventSource(url);
        window.source.addEventListener('connected', () => { window.connects++; });
        for (const name of eventNames) {
            window.source.addEventListener(name, (event) => window.events.push([name, JSON.parse(event.data)]));
        }
    }, [address, names]);
    const events = () => tab.evaluate(() => window.events);
    const connects = () => tab.evaluate(() => window.connects);

    return {
        events,
        data: async () => (await events()).map(([, data]) => data),
        connects,
        connected: (times = 1) => until(async () => await connects() >= times, `for ${times} connections`),
        received: (count) => until(async () => await tab.evaluate(() => window.events.length) >= count, `for ${count} events`),
        close: () => tab.close(),
    };
}
