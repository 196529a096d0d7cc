import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const read = (relative) => readFileSync(path(relative), 'utf8');

/** The pages whose code people copy. */
export const pages = [
    ...['README.md', 'js/README.md', 'php/README.md', 'tools/README.md', 'cakephp-plugin/README.md', 'tests/README.md', 'CONTRIBUTING.md'],
    ...readdirSync(path('docs')).filter((name) => name.endsWith('.md')).sort().map((name) => `docs/${name}`),
];

/**
 * The code blocks of a page: { language, text, name, line }. Its name is that of the file in backticks in the line
 * before it, if that line ends with a colon; its line is where it begins.
 */
export function blocksIn(page) {
    const text = read(page);

    return [...text.matchAll(/(?:^([^\n]*)\n\n)?^```(\w*)\n([^]*?)^```/gm)].map((found) => {
        const [, before = '', language, code] = found;
        const [, name = null] = before.endsWith(':') ? /`([\w./-]+\.\w+)`/.exec(before) ?? [] : [];

        return { language, text: code, name, line: text.slice(0, found.index + found[0].indexOf('```')).split('\n').length };
    });
}

/** The files that a page shows, by name. */
export function filesIn(page) {
    return new Map(blocksIn(page).filter(({ name }) => name).map(({ name, text }) => [name, text]));
}

/** The code block of a page that holds some words. */
export function blockIn(page, words) {
    const found = blocksIn(page).filter(({ text }) => text.includes(words));
    if (found.length !== 1) {
        throw new Error(`${page} has ${found.length} blocks with: ${words}`);
    }

    return found[0].text;
}

/** The rows of the table that has some words in its head: the head, then the others; the first cell is number 1. */
export function rowsIn(page, words) {
    const tables = read(page).split('\n\n').filter((part) => part.startsWith('|') && part.split('\n')[0].includes(words));
    if (tables.length !== 1) {
        throw new Error(`${page} has ${tables.length} tables with: ${words}`);
    }

    return tables[0].trim().split('\n').filter((line) => !line.startsWith('|-')).map((line) => line.split('|').map((cell) => cell.trim()));
}

/** Each link of a page to another file here, or to a place in one: { target, anchor }. */
export function linksIn(page) {
    return [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, target, anchor]) => ({ target, anchor }));
}

/** The anchors that a page's headings have, as GitHub makes them. */
export function anchorsIn(page) {
    const headings = read(page).replace(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm);

    return [...headings].map(([, heading]) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replace(/ /g, '-'));
}
