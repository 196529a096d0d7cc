import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { promisify } from 'node:util';
import { Pusher, Refused, extension, pause, startStack, temporaryDirectory, until } from '../../support/index.js';
import { Bystander } from './bystander.js';
import { ChaosClient } from './client.js';
import { Clock, sweepClocks } from './clock.js';
import { engines } from './engines.js';
import { Journal } from './journal.js';
import { KEPT, Keys } from './keys.js';
import { disturb } from './lanes.js';
import { Ledger } from './ledger.js';
import { Pages } from './pages.js';
import { Pushers } from './pushers.js';
import { Random } from './random.js';
import { Troubles } from './troubles.js';
import { Verdicts } from './verdicts.js';
import { writeId } from './cursor.js';

const run = promisify(execFile);

const CLIENTS = 24;
const PUSHERS = 4;
const WORKERS = 8;
const HEARTBEAT_S = 5;
/** An event that isn't there by then, with nothing in its way, waits for something that it must not wait for. */
const LATE_MS = HEARTBEAT_S * 1_000 + 3_000;
/** In the end everything must have come. A hub that ended may have sent its clients away for 15 s. */
const SETTLED_WITHIN_MS = 60_000;

/** A stack, its store, and all that is done to it in one run. */
export class World {
    clients = [];
    /** Another store; null where there is none. */
    bystander = null;
    isOver = false;
    /** Nothing is disturbed, and no client goes or comes. */
    isCalm = false;
    engine;
    seed;
    #cleanups = [];
    #lanes = new Map();
    #reader;

    /** only: these lanes of disturbances; isTimed: whether what comes late is broken. */
    constructor({ engine, seed, only = null, isTimed = true }) {
        this.isTimed = isTimed;
        this.engine = engine;
        this.seed = seed;
        this.only = only;
        this.dir = temporaryDirectory('chaos');
        /** That of the servers; each pusher has its own. */
        this.clock = new Clock('the clock of the servers', `${this.dir}/clock`);
        this.journal = new Journal(`${this.dir}/journal.log`, engine);
        this.troubles = new Troubles();
        this.verdicts = new Verdicts(this);
        this.ledger = new Ledger((steps) => this.clients.forEach((client) => client.witness.wiped(steps)));
        this.keys = new Keys(this.ledger);
    }

    /** What other parts call a test's context: something that ends. */
    after(cleanup) {
        this.#cleanups.push(cleanup);
    }

    random(name) {
        return new Random(this.seed, name);
    }

    /** The numbers of a lane, which go on from storm to storm. */
    lane(name) {
        return this.#lanes.get(name) ?? this.#lanes.set(name, this.random(`lane ${name}`)).get(name);
    }

    time(at = undefined) {
        return this.journal.clock(at);
    }

    get url() {
        return this.stack.url;
    }

    /** Waits, or until the run ends. */
    async rest(ms) {
        for (const end = performance.now() + ms; performance.now() < end && !this.isOver;) {
            await pause(Math.min(50, end - performance.now()));
        }
    }

    get clocks() {
        return [this.clock, ...this.pushers.clocks];
    }

    get extension() {
        return `${this.dir}/libsse.so`;
    }

    /** As an upgrade does it: another file in its place. */
    replaceExtension() {
        copyFileSync(extension, `${this.extension}.new`);
        renameSync(`${this.extension}.new`, this.extension);
    }

    async start() {
        this.after(sweepClocks);
        this.replaceExtension();
        const { ini, at } = await engines[this.engine](this);
        const setUp = this.#setUp();
        this.journal.tell(`set-up: ${setUp.join(' ')}`);
        this.stack = await startStack(
            '--extension', this.extension, '--workers', String(WORKERS), '--ini', 'sse.drain=10', '--ini', `sse.heartbeat=${HEARTBEAT_S}`, '--ini', `sse.retention_events=${KEPT}`,
            '--ini', 'sse.retention_bytes=256M', '--ini', 'display_errors=0', '--ini', 'log_errors=1', ...setUp, ...ini,
            { env: this.clock.env },
        );
        this.after(() => this.stack.stop());
        this.store = at(this.stack);
        this.#reader = new Pusher(this.stack.php, this.stack.flags);
        this.after(() => this.#reader.close());
        this.pushers = new Pushers(this, PUSHERS);
        this.after(() => this.pushers.close());
        // Each Redis has a hub of its own where the hub's place isn't set, as it is here.
        if (this.engine !== 'redis') {
            this.bystander = new Bystander(this);
            this.after(() => this.bystander.close());
        }
        this.pages = new Pages(this);
        this.after(() => this.pages.close());
        this.after(() => this.clients.forEach((client) => client.leave()));
        for (let number = 1; number <= CLIENTS; number++) {
            this.clients.push(new ChaosClient(this, number));
        }
        const watch = setInterval(() => this.#watch(), 1_000);
        this.after(() => clearInterval(watch));
    }

    /** What is as good one way as another: each seed has its own. */
    #setUp() {
        const random = this.random('set-up');
        const options = ['--pm', random.one(['static', 'dynamic', 'ondemand']), '--listen', random.one(['unix', 'tcp'])];

        // A connection that nginx keeps is a worker of FPM's: each of nginx's two processes may keep two, also those that
        // a reload has told to end, which stay as long as they have a stream.
        const keep = ['--nginx', 'fastcgi_keep_conn on;', '--upstream', 'keepalive 2;', '--upstream', 'keepalive_timeout 2s;'];

        return random.percent(50) ? [...options, ...keep] : options;
    }

    /** Storms for so long; then everything has to come to rest, and everybody to have everything. */
    async run(ms) {
        await disturb(this, ms);
        if (this.isOver) {
            return;
        }
        await this.pushers.finish();
        this.clocks.forEach((clock) => clock.set(0));
        this.clients.forEach((client) => client.settle());
        const last = await this.#pushLast();
        const waiting = () => this.clients.filter((client) => client.connectedSince === null || !client.witness.hasBegun || client.witness.waitsFor > 0);
        await until(() => waiting().length === 0 || this.isOver, 'for the rest', SETTLED_WITHIN_MS).catch(() => {
            for (const client of waiting()) {
                this.verdicts.broken('unsettled', { client, what: `after ${SETTLED_WITHIN_MS / 1000} s it still waits for ${client.witness.waitsFor} events, or isn't connected; the last pushed are ${last.map((push) => `${push.key} ${writeId(push.id)}`).join(', ')}` });
            }
        });
        this.clients.forEach((client) => client.witness.end());
        await this.bystander?.finish(SETTLED_WITHIN_MS);
    }

    async #pushLast() {
        const pushes = [];
        for (const key of new Set(this.clients.flatMap((client) => client.keys))) {
            const push = this.ledger.begin(key, null, 0);
            await until(async () => {
                try {
                    this.ledger.acked(push, await this.#reader.push(key, Ledger.data(push)));

                    return true;
                } catch (error) {
                    if (!(error instanceof Refused)) {
                        throw error;
                    }

                    return false;
                }
            }, `for the last push to ${key}`);
            pushes.push(push);
        }

        return pushes;
    }

    /** Events that are overdue though nothing is in their way; what all have seen is forgotten. */
    #watch() {
        const now = performance.now();
        for (const client of this.clients) {
            const since = Math.max(client.connectedSince ?? Infinity, this.troubles.quietSince);
            const push = since < now - LATE_MS ? client.witness.overdue(now - LATE_MS) : (client.witness.overdue(-Infinity), null);
            if (push && !client.isLate) {
                this.verdicts.broken('late', { client, key: push.key, push, what: `event ${push.number}, ${writeId(push.id)}, was pushed ${Math.round(now - push.acked)} ms ago, and nothing is in its way` });
            }
            client.isLate = Boolean(push);
        }
        const seen = new Map();
        for (const [key, index] of this.clients.flatMap((client) => client.witness.seen())) {
            seen.set(key, Math.min(seen.get(key) ?? Infinity, index));
        }
        this.ledger.forget(seen);
    }

    /** Whether the store has it now; asked of another process than those that were disturbed. */
    async isStored(push) {
        const script = 'echo json_encode(array_column(Sse\\read($argv[1], $argv[2]), "id"));';
        const id = writeId(push.id);
        const before = `${push.id.millis - 1}-0`;
        const { stdout } = await run(this.stack.php, [...this.stack.flags, '-r', script, '--', push.key, before]);

        return JSON.parse(stdout).includes(id);
    }

    /** Keeps the logs of what went wrong, and names the place. */
    keepLogs(directory) {
        mkdirSync(directory, { recursive: true });
        for (const name of ['nginx.log', 'fpm.log', 'fpm.out', 'hub']) {
            if (existsSync(`${this.stack?.dir}/${name}`)) {
                cpSync(`${this.stack.dir}/${name}`, `${directory}/${name}`, { recursive: true, filter: (source) => !/\.(sock|pid|lock)/.test(source) });
            }
        }
        cpSync(`${this.dir}/journal.log`, `${directory}/journal.log`);
    }

    async stop() {
        this.isOver = true;
        for (const cleanup of this.#cleanups.reverse()) {
            await Promise.resolve().then(cleanup).catch((error) => this.journal.tell(`stopping: ${error.message}`));
        }
        this.#cleanups = [];
    }
}
