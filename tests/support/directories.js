import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';

const made = [];

/** A directory that everybody may enter, unless its mode says otherwise. It is removed when the tests of its file end. */
export function temporaryDirectory(name, mode = 0o755) {
    // In /tmp, where the web user may go too, and where the paths of sockets are short.
    const directory = mkdtempSync(`/tmp/sse-${name}-`);
    // Not with its test: hooks run in their order, and servers that it started may still write there.
    if (made.push(directory) === 1) {
        process.once('exit', () => made.forEach((path) => rmSync(path, { recursive: true, force: true })));
    }
    chmodSync(directory, mode);

    return directory;
}

/** A directory of the web user's. */
export function sharedDirectory() {
    const directory = temporaryDirectory('shared', 0o2770);
    if (process.getuid() === 0) {
        execFileSync('chown', ['www-data:www-data', directory]);
    }
    // chown takes the bit.
    chmodSync(directory, 0o2770);

    return directory;
}

export function readOr(file, otherwise) {
    return existsSync(file) ? readFileSync(file, 'utf8') : otherwise;
}
