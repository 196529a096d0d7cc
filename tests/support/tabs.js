import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from './directories.js';
import { until } from './until.js';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** A directory of pages to serve: the tests' own, those for tabs, and the files of js/. */
export function pagesForTabs() {
    const directory = temporaryDirectory('tabs');
    for (const folder of ['public', 'tabs', '../../js']) {
        cpSync(path(folder), directory, { recursive: true });
    }

    return directory;
}

/** A tab of a browser, or of a context, with sse.js; see tabs/tab.php for the query. */
export class Tab {
    /** How often it connected. */
    requests = 0;
    #open = new Set();

    static async open(t, browser, base, { options, ...query }) {
        const tab = new Tab();
        tab.page = await browser.newPage();
        t.after(() => tab.page.close());
        tab.#watch();
        tab.url = new URL('/tab.php', base);
        for (const [name, value] of Object.entries({ ...query, options: JSON.stringify(options ?? {}) })) {
            if (value !== undefined) {
                tab.url.searchParams.set(name, value);
            }
        }
        await tab.page.goto(tab.url.href);

        return tab;
    }

    #watch() {
        this.page.on('request', (request) => {
            if (request.resourceType() === 'fetch') {
                this.requests++;
                this.#open.add(request);
            }
        });
        for (const end of ['requestfinished', 'requestfailed']) {
            this.page.on(end, (request) => this.#open.delete(request));
        }
    }

    /** Whether it has a connection of its own. */
    get isConnected() {
        return this.#open.size > 0;
    }

    events() {
        return this.page.evaluate(() => window.events);
    }

    async data() {
        return (await this.events()).map(([, data]) => data);
    }

    status() {
        return this.page.evaluate(() => window.stream.status);
    }

    statuses() {
        return this.page.evaluate(() => window.statuses);
    }

    has(status) {
        return until(async () => await this.status() === status, `for the status ${status}`);
    }

    async received(count) {
        let events;
        await until(async () => {
            events = await this.events();

            return events.length >= count;
        }, () => `for ${count} events, there are ${events.length}, the last of them ${JSON.stringify(events.slice(-3))}`);
    }

    close() {
        return this.page.close();
    }
}

/** Waits until these tabs have one connection between them, and gives the one that has it. */
export async function leaderOf(tabs) {
    const connected = () => tabs.filter((tab) => tab.isConnected);
    await until(async () => connected().length === 1 && await connected()[0].status() === 'open', () => `for one connection, there are ${connected().length}`);

    return connected()[0];
}
