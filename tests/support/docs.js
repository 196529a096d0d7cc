import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const read = (path) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

/** The files that a page of docs shows: a name in backticks and a colon, then the block. */
export function filesIn(path) {
    const found = read(path).matchAll(/^`([\w.]+)`:\n\n```\w+\n([^]*?)^```/gm);

    return new Map([...found].map(([, name, text]) => [name, text]));
}

/** The code blocks of a page of docs that hold some words. */
export function blockIn(path, words) {
    const found = [...read(path).matchAll(/^```\w+\n([^]*?)^```/gm)].map(([, text]) => text).filter((text) => text.includes(words));
    if (found.length !== 1) {
        throw new Error(`${path} has ${found.length} blocks with: ${words}`);
    }

    return found[0];
}
