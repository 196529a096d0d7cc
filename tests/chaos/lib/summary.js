/** The columns of docs/reliability.md, and what a run puts into each. */
const COLUMNS = [
    ['engine', (world) => world.engine],
    ['minutes', (world, minutes) => minutes.toFixed(1)],
    ['seed', (world) => world.seed],
    ['events acknowledged', ({ ledger }) => number(ledger.counts.acked)],
    ['deliveries checked', ({ clients, bystander }) => number(sum(clients, 'delivered') + (bystander?.counts.delivered ?? 0))],
    ['reconnections', ({ clients }) => number(clients.reduce((count, { connections }) => count + connections, 0))],
    ['disturbances', ({ troubles }) => [...troubles.counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${kind} ${count}`).join(', ')],
    ['told as lost', ({ clients }) => number(sum(clients, 'toldLost'))],
    ['lost', ({ verdicts }) => verdicts.of('lost', 'unsettled')],
    ['doubled', ({ verdicts }) => verdicts.of('doubled')],
    ['disordered', ({ verdicts }) => verdicts.of('disordered')],
    ['false gaps', ({ verdicts }) => verdicts.of('false gap')],
    ['late', ({ verdicts }) => verdicts.of('late')],
    ['latest event of another store', ({ bystander }) => (bystander ? ms(bystander.slowest) : '')],
    ['slowest page', ({ pages }) => slowest(pages, 'page')],
    ['slowest POST', ({ pages }) => slowest(pages, 'post')],
    ['slowest POST that pushes', ({ pages }) => slowest(pages, 'push')],
    ['otherwise broken', ({ verdicts }) => verdicts.total - verdicts.of('lost', 'unsettled', 'doubled', 'disordered', 'false gap', 'late')],
];

export const HEAD = `${row(COLUMNS.map(([name]) => name))}\n${row(COLUMNS.map(() => '---'))}`;

/** One run as a row of the table. */
export function summary(world, ms) {
    return row(COLUMNS.map(([, cell]) => cell(world, ms / 60_000)));
}

/** What the table has no place for. */
export function details({ verdicts, ledger, pages, pushers, clients, bystander }) {
    const { acked, refused, unknown } = ledger.counts;
    const pagesSaid = [...pages.figures].map(([what, { asked, slowest: most, excused, slowestExcused, failed }]) => `${what}: ${asked} asked, slowest ${ms(most)}, failed ${failed}; ${excused} during restarts and stopped workers, slowest ${ms(slowestExcused)}`);

    return [
        `pushes: ${acked} answered with an id, ${refused} with an error, ${unknown} unknown; slowest of a program ${ms(pushers.slowest)}`,
        `clients: ${sum(clients, 'gaps')} gaps told, ${clients.reduce((count, { refusals }) => count + refusals, 0)} refusals`,
        ...(bystander ? [`the other store: ${bystander.counts.acked} events, ${bystander.counts.delivered} deliveries`] : []),
        ...pagesSaid,
        `broken: ${[...verdicts.counts].map(([kind, count]) => `${kind} ${count}`).join(', ') || 'nothing'}`,
    ].join('\n');
}

function slowest(pages, what) {
    return ms(pages.figures.get(what).slowest);
}

function sum(clients, name) {
    return clients.reduce((count, { counts }) => count + counts[name], 0);
}

function ms(number) {
    return `${Math.round(number)} ms`;
}

function number(value) {
    return value.toLocaleString('en');
}

function row(cells) {
    return `| ${cells.join(' | ')} |`;
}
