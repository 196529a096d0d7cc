import { chmodSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Conversation, readOr, startStack } from '../../../../tests/support/index.js';

const plugin = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The test application, with a command line beside that pushes. `sse` is its configuration of the plugin.
 */
export async function startCake(sse = {}, ...options) {
    const configuration = JSON.stringify(sse);
    const stack = await startStack(
        '--app', plugin, '--webroot', 'tests/test_app/webroot',
        '--param', `SSE_TEST_CONFIG '${configuration.replaceAll('\\', '\\\\')}'`,
        ...options,
    );
    // A command line of the plainest kind: its umask would keep the web user out of what it makes.
    const pusher = new Conversation('sh', [
        '-c', 'umask 077 && exec "$@"', 'sh', stack.php, ...stack.flags, `${stack.app}/tests/http/lib/pusher.php`,
    ], { env: { ...process.env, SSE_TMP: stack.tmp, SSE_TEST_CONFIG: configuration } });

    async function work(action, ...values) {
        const worker = new Conversation(stack.php, [
            ...stack.flags, `${stack.app}/tests/Support/bin/worker.php`,
        ], { env: { ...process.env, SSE_TMP: stack.tmp, SSE_TEST_CONFIG: configuration } });
        const { error } = await worker.ask(JSON.stringify([action, values]));
        await worker.close();
        if (error !== undefined) {
            throw new Error(error);
        }
    }

    return {
        ...stack,
        /** Its configuration. */
        sse,
        /** Pushes on the command line, one after the other; tells whether it was kept. */
        push: (key, payload) => pusher.ask(JSON.stringify([key, payload])),
        /** Makes the table of the engine `database`, in a file that web user and command line share. */
        async makeTable() {
            await work('table');
            chmodSync(`${stack.tmp}/app.sqlite`, 0o660);
        },
        /** Inserts a row that nobody is told of, as a push on another host does. */
        insert: (key, payload) => work('insert', key, payload),
        /** The address of a stream of ProbeController. */
        probe: (key, { action = 'open', options = {}, ...query } = {}) => {
            const parameters = new URLSearchParams({ key, options: JSON.stringify(options), ...query });

            return `${stack.url}/probe/${action}.sse?${parameters}`;
        },
        /** The application's own log. */
        log: () => readOr(`${stack.tmp}/logs/app.log`, ''),
        async stop() {
            await pusher.close();
            await stack.stop();
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
