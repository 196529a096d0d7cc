import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { pause } from '../../support/index.js';
import { Ledger } from './ledger.js';
import { eventOf, settle } from './pushers.js';

/** What an ordinary page may take at most, whatever happens. */
const PAGE_WITHIN_MS = 2_000;
/** A page that pushes may wait for a lock: two seconds, and what it takes besides. */
const PUSH_WITHIN_MS = 3_500;
/** Redis may let it wait so long for the connection, and again for the answer. */
const REDIS_PUSH_WITHIN_MS = 5_500;
/** Nobody waits longer. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 200;

/** Ordinary pages and POSTs, asked for one after the other the whole time. */
export class Pages {
    /** By what was asked for: how many, and how long the slowest took, in milliseconds; also of those that are excused. */
    figures = new Map();
    #world;
    #isOver = false;
    #loops;
    #agent = new Agent({ keepAlive: true });

    constructor(world) {
        this.#world = world;
        const random = world.random('pages');
        this.#loops = [
            // No PHP: when this is slow, the machine is.
            this.#run('file', PAGE_WITHIN_MS, () => this.#get('/page.html')),
            this.#run('page', PAGE_WITHIN_MS, async () => expect(await this.#get('/ping.php'), 'pong')),
            this.#run('post', PAGE_WITHIN_MS, () => this.#post(random)),
            this.#run('push', world.engine === 'redis' ? REDIS_PUSH_WITHIN_MS : PUSH_WITHIN_MS, () => this.#push(random)),
        ];
    }

    async close() {
        this.#isOver = true;
        await Promise.all(this.#loops);
        this.#agent.destroy();
    }

    async #run(what, withinMs, ask) {
        const figures = { asked: 0, slowest: 0, excused: 0, slowestExcused: 0, failed: 0 };
        this.figures.set(what, figures);
        while (!this.#isOver) {
            const begun = performance.now();
            const error = await ask().then(() => null, (failure) => failure);
            const ended = performance.now();
            this.#judge(what, figures, withinMs, begun, ended, error);
            await pause(PAUSE_MS);
        }
    }

    #judge(what, figures, withinMs, begun, ended, error) {
        const took = ended - begun;
        const { troubles, verdicts } = this.#world;
        figures.asked++;
        const excuse = troubles.excuse(begun, ended, (trouble) => trouble.excuse);
        if (excuse) {
            figures.excused++;
            figures.slowestExcused = Math.max(figures.slowestExcused, took);

            return;
        }
        figures.slowest = Math.max(figures.slowest, took);
        if (error) {
            figures.failed++;
            verdicts.broken(`${what} failed`, { what: `after ${Math.round(took)} ms: ${error.message}` });
        }
        if (took > withinMs) {
            const during = troubles.during(begun, ended).map(({ kind }) => kind);
            verdicts.broken(`slow ${what}`, { what: `${Math.round(took)} ms, from ${this.#world.time(begun)} on, during: ${[...new Set(during)].join(', ') || 'nothing'}` });
        }
    }

    async #get(path) {
        return this.#ask('GET', path);
    }

    async #post(random) {
        const body = 'b'.repeat(random.percent(10) ? random.whole(0, 200_000) : random.whole(0, 2_000));
        expect(await this.#ask('POST', '/body.php', body), `${body.length} ${createHash('sha1').update(body).digest('hex')}`);
    }

    async #push(random) {
        const { ledger } = this.#world;
        const { name, pad } = eventOf(random);
        const push = ledger.begin(this.#world.keys.toPush(random), name, pad);
        let answer;
        try {
            answer = JSON.parse(await this.#ask('POST', '/push.php', JSON.stringify([push.key, Ledger.data(push), name]), [200, 503]));
        } catch (error) {
            settle(this.#world, push, error, false);
            throw error;
        }
        if (answer.id) {
            ledger.acked(push, answer.id);
        } else {
            settle(this.#world, push, new Error(answer.error), true);
        }
    }

    #ask(method, path, body = '', statuses = [200]) {
        return new Promise((resolve, reject) => {
            const asked = request(this.#world.url + path, { method, agent: this.#agent, timeout: PATIENCE_MS }, (answer) => {
                let text = '';
                answer.setEncoding('utf8');
                answer.on('data', (part) => { text += part; });
                answer.on('error', reject);
                answer.on('end', () => (statuses.includes(answer.statusCode) ? resolve(text) : reject(new Error(`${path} answered ${answer.statusCode}: ${text.slice(0, 300)}`))));
            });
            asked.on('timeout', () => asked.destroy(new Error(`${path} did not answer within ${PATIENCE_MS} ms`)));
            asked.on('error', reject);
            asked.end(body);
        });
    }
}

function expect(found, expected) {
    if (found !== expected) {
        throw new Error(`the answer is ${JSON.stringify(found.slice(0, 100))} and not ${JSON.stringify(expected)}`);
    }
}
