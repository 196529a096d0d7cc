/** How many of each kind are told in full. */
const TOLD = 5;

/** The promises that were broken, each with its story. */
export class Verdicts {
    counts = new Map();
    #world;

    constructor(world) {
        this.#world = world;
    }

    get total() {
        return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
    }

    of(...kinds) {
        return kinds.reduce((sum, kind) => sum + (this.counts.get(kind) ?? 0), 0);
    }

    /** what: what is wrong; client, key, push: with what, as far as there is one. */
    broken(kind, { client = null, key = null, what, push = null }) {
        if (!this.#world.isTimed && /^(slow|late)/.test(kind)) {
            return;
        }
        const count = (this.counts.get(kind) ?? 0) + 1;
        this.counts.set(kind, count);
        if (count > TOLD) {
            return;
        }
        const { journal } = this.#world;
        const lines = [`BROKEN: ${kind}${client ? `, ${client.name}` : ''}${key ? `, key ${key}` : ''}: ${what}`];
        if (client) {
            lines.push(...client.life.map((line) => `    ${client.name}: ${line}`));
        }
        lines.push(...journal.recent(15_000).map((line) => `    ${line}`));
        journal.tell(lines.join('\n'));
        if (push) {
            this.#world.isStored(push).then(
                (isStored) => journal.tell(`    event ${push.number} ${isStored ? 'is in the store' : 'is not in the store any more'}`),
                (error) => journal.tell(`    the store can't be asked for event ${push.number}: ${error.message}`),
            );
        }
        if (count === TOLD) {
            journal.tell(`    (further ones of this kind are only counted)`);
        }
    }
}
