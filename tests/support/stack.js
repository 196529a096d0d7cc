import { fileURLToPath } from 'node:url';
import { Conversation } from './conversation.js';
import { Pusher } from './pusher.js';

export const php = process.env.SSE_PHP || 'php';
const root = fileURLToPath(new URL('../../', import.meta.url));
const docroot = fileURLToPath(new URL('public', import.meta.url));
export const extension = process.env.SSE_EXTENSION || `${root}target/release/libsse.so`;

/**
 * A web server and a PHP-FPM of our own with a pusher beside; see tests/support/stack.php for the options.
 * Clients that reconnect do so after a tenth of a second, so that tests are quick.
 * The last argument may be an object: env, for the servers, which gives them more than they have.
 */
export async function startStack(...options) {
    const { env = {} } = typeof options.at(-1) === 'object' ? options.pop() : {};
    const script = `${root}tests/support/stack.php`;
    const program = new Conversation(php, [
        script, '--docroot', docroot, '--extension', extension, '--ini', 'sse.retry=100', ...options,
    ], { env: { ...process.env, ...env } });
    const facts = await program.hear();
    const pusher = new Pusher(facts.php, facts.flags);

    return {
        ...facts,
        push: (...event) => pusher.push(...event),
        /** "quit" (gracefully), "stop", "start" or "reload". */
        fpm: (command) => program.ask(`fpm ${command}`),
        /** "stop" or "start". */
        web: (command) => program.ask(`web ${command}`),
        stream: (key, query = {}) => streamUrl(facts.url, key, query),
        stop: async () => {
            await pusher.close();
            await program.close();
        },
    };
}

/** The address of stream.php for one key or several, with further parameters; options are sent as JSON. */
export function streamUrl(base, key, { options, ...query } = {}) {
    const url = new URL('/stream.php', base);
    for (const one of [key].flat()) {
        url.searchParams.append(Array.isArray(key) ? 'key[]' : 'key', one);
    }
    for (const [name, value] of Object.entries(query)) {
        url.searchParams.set(name, value);
    }
    if (options) {
        url.searchParams.set('options', JSON.stringify(options));
    }

    return url.href;
}
