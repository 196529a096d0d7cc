import { chmodSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Conversation } from '../../../../tests/support/conversation.js';
import { extension, php } from '../../../../tests/support/stack.js';

export { launchBrowser } from '../../../../tests/support/chromium.js';
export { Listener, clients } from '../../../../tests/support/listener.js';
export { numbers } from '../../../../tests/support/numbers.js';
export { Proxy } from '../../../../tests/support/proxy.js';
export { RawStream } from '../../../../tests/support/raw.js';
export { until, within } from '../../../../tests/support/until.js';

export { extension, php } from '../../../../tests/support/stack.js';

const plugin = fileURLToPath(new URL('../../../', import.meta.url));
const script = fileURLToPath(new URL('../../../../tests/support/stack.php', import.meta.url));

/** An application behind an nginx and a PHP-FPM of its own; see tests/support/stack.php for the options. */
export async function startStackFor(app, ...options) {
    const program = new Conversation(php, [
        script, '--app', app, '--extension', extension, '--ini', 'sse.retry=100', ...options,
    ]);

    return { ...await program.hear(), stop: () => program.close() };
}

/**
 * The test application, with a command line beside that pushes. `sse` is its configuration of the plugin.
 */
export async function startCake(sse = {}, ...options) {
    const configuration = JSON.stringify(sse);
    const facts = await startStackFor(
        plugin,
        '--webroot', 'tests/test_app/webroot',
        '--param', `SSE_TEST_CONFIG '${configuration.replaceAll('\\', '\\\\')}'`,
        ...options,
    );
    // A command line of the plainest kind: its umask would keep the web user out of what it makes.
    const pusher = new Conversation('sh', [
        '-c', 'umask 077 && exec "$@"', 'sh', facts.php, ...facts.flags, `${facts.app}/tests/http/lib/pusher.php`,
    ], { env: { ...process.env, SSE_TMP: facts.tmp, SSE_TEST_CONFIG: configuration } });
    let queue = Promise.resolve();

    return {
        ...facts,
        /** Pushes on the command line, one after the other; tells whether it was kept. */
        push(key, payload) {
            const pushed = queue.then(() => pusher.ask(JSON.stringify([key, payload])));
            queue = pushed.catch(() => {});

            return pushed;
        },
        /** Makes the table of the engine `database`, in a file that web user and command line share. */
        async makeTable() {
            const worker = new Conversation(facts.php, [
                ...facts.flags, `${facts.app}/tests/Support/bin/worker.php`,
            ], { env: { ...process.env, SSE_TMP: facts.tmp, SSE_TEST_CONFIG: configuration } });
            await worker.ask(JSON.stringify(['table', []]));
            await worker.close();
            chmodSync(`${facts.tmp}/app.sqlite`, 0o660);
        },
        /** The address of a stream of ProbeController. */
        probe: (key, { action = 'open', options = {}, ...query } = {}) => {
            const parameters = new URLSearchParams({ key, options: JSON.stringify(options), ...query });

            return `${facts.url}/probe/${action}.sse?${parameters}`;
        },
        /** The application's own log. */
        log() {
            try {
                return readFileSync(`${facts.tmp}/logs/app.log`, 'utf8');
            } catch {
                return '';
            }
        },
        async stop() {
            await pusher.close();
            await facts.stop();
        },
    };
}

/** A block of the plugin's README, or of another page, by its language and words that it has. */
export function readmeBlock(language, words, page = 'README.md') {
    const readme = readFileSync(`${plugin}${page}`, 'utf8');
    const blocks = [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text);
    const found = blocks.find((text) => text.includes(words));
    if (!found) {
        throw new Error(`${page} has no ${language} block with "${words}"`);
    }

    return found;
}
