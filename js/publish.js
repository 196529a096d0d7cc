/**
 * Makes the files that are shipped of src/sse.js: node js/publish.js
 *
 * Comments and indentation go, lines stay as they are, so that a debugger shows something to read. A comment
 * stands on lines of its own in the source, and only the first, the licence, begins with "/*!".
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const source = new URL('src/sse.js', import.meta.url);

/** The copies: one for npm and plain files, one for the CakePHP plugin. */
export const copies = ['sse.js', '../cakephp-plugin/webroot/js/sse.js'].map((path) => new URL(path, import.meta.url));

export function published() {
    const lines = readFileSync(source, 'utf8').split('\n').map((line) => line.trim());

    return `${lines.filter((line) => line && !/^(\/\/|\/\*\*)/.test(line)).join('\n')}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
    copies.forEach((copy) => writeFileSync(copy, published()));
}
