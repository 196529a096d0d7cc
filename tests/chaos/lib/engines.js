// Where each engine's events are, and what can be done to them there.
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { Conversation, holdFile, php, sharedDirectory } from '../../support/index.js';
import { Redis } from '../../support/redis.js';

/** Holds BEGIN IMMEDIATE until its input ends. A PHP without our extension: it may open the file. */
const HOLD_DATABASE = `
    $database = new SQLite3($argv[1], SQLITE3_OPEN_READWRITE);
    $database->busyTimeout(3000);
    echo json_encode(@$database->exec("BEGIN IMMEDIATE")), "\\n";
    fgets(STDIN);
    @$database->exec("ROLLBACK");
`;

/** Events in a directory. */
class Directory {
    #copies = 0;
    #isAway = false;
    #path;

    constructor(path) {
        this.#path = path;
    }

    get path() {
        return this.#path;
    }

    /** Removes all that is in it, one after the other. */
    empty() {
        const gone = `${this.#path}.${++this.#copies}.gone`;
        mkdirSync(gone);
        for (const name of readdirSync(this.#path)) {
            try {
                // Others go on making files in it, also in its directories.
                renameSync(`${this.#path}/${name}`, `${gone}/${name}`);
            } catch (error) {
                if (error.code !== 'ENOENT') {
                    throw error;
                }
            }
        }
        rmSync(gone, { recursive: true, force: true, maxRetries: 20, retryDelay: 1 });
    }

    /** Puts a new one in its place. */
    replace() {
        const { uid, gid } = statSync(this.#path);
        const copy = `${this.#path}.${++this.#copies}`;
        mkdirSync(`${copy}.new`);
        chownSync(`${copy}.new`, uid, gid);
        chmodSync(`${copy}.new`, 0o2770);
        renameSync(this.#path, `${copy}.old`);
        renameSync(`${copy}.new`, this.#path);
        rmSync(`${copy}.old`, { recursive: true, force: true, maxRetries: 20, retryDelay: 1 });
    }

    moveAway() {
        renameSync(this.#path, `${this.#path}.away`);
        this.#isAway = true;
    }

    /** Each of its files gets the mode that it has, which those that watch it hear of. */
    touchModes() {
        for (const file of this.files('')) {
            chmodSync(file, statSync(file).mode & 0o7777);
        }
    }

    moveBack() {
        renameSync(`${this.#path}.away`, this.#path);
        this.#isAway = false;
    }

    /** Files in it that end like this. */
    files(end) {
        const path = this.#isAway ? `${this.#path}.away` : this.#path;

        return readdirSync(path).filter((name) => name.endsWith(end)).map((name) => `${path}/${name}`);
    }
}

async function holdDatabase(file) {
    const holder = new Conversation(php, ['-r', HOLD_DATABASE, '--', file]);
    await holder.hear();

    return () => holder.close();
}

/** Each: the settings for it, and, once the stack runs, what can be done to it. */
export const engines = {
    file: async () => ({
        ini: [],
        at: (stack) => {
            const directory = new Directory(stack.store);

            return {
                directory,
                wipes: {
                    // A key's log goes, and later, by itself, what makes this another store.
                    'store emptied': { wipe: () => directory.empty(), steps: 2 },
                    'store replaced': { wipe: () => directory.replace() },
                },
                locks: {
                    'the store\'s lock': () => existing([`${directory.path}/lock`]).map((file) => () => holdFile(file)),
                    'a log\'s lock': () => directory.files('.log').map((file) => () => holdFile(file)),
                },
            };
        },
    }),
    sqlite: async () => {
        const directory = new Directory(`${sharedDirectory()}/store`);
        mkdirSync(directory.path);
        chmodSync(directory.path, 0o2770);
        const file = `${directory.path}/events.sqlite`;

        return {
            ini: ['--ini', `sse.dsn=sqlite://${file}`],
            at: () => ({
                directory,
                // Somebody may make a new database before its other files are gone, and lose it with them.
                wipes: { 'store emptied': { wipe: () => directory.empty(), steps: 2 }, 'store replaced': { wipe: () => directory.replace() } },
                locks: {
                    'the database': () => existing([file]).map((path) => () => holdDatabase(path)),
                    'the signals\' lock': () => existing([`${file}-signals/lock`]).map((path) => () => holdFile(path)),
                },
            }),
        };
    },
    redis: async (t) => {
        // Its clock is the machine's: its jemalloc and the library faketime don't get along.
        // Each answer's command is in the file before it is answered: a server that is killed loses nothing.
        const redis = await Redis.start(t, '--appendfsync', 'no');

        return {
            ini: ['--ini', `sse.dsn=${redis.dsn}`],
            at: () => ({
                redis,
                wipes: {
                    'store emptied': { wipe: () => redis.ask('FLUSHALL') },
                    'store replaced': {
                        wipe: async () => {
                            await redis.kill();
                            redis.forget();
                            await redis.start();
                        },
                    },
                },
                locks: {},
            }),
        };
    },
};

function existing(files) {
    return files.filter((file) => existsSync(file));
}
