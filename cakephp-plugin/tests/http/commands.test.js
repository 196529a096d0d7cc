// bin/cake sse …, beside an application that streams.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Listener, clients, until } from '../../../tests/support/index.js';
import { startCake } from './lib/cake.js';

let cake;
let database;
before(async () => {
    cake = await startCake();
    database = await startCake({ payload_engine: 'database' });
});
after(async () => {
    await cake?.stop();
    await database?.stop();
});

const words = (application, ...rest) => [...application.flags, `${application.app}/tests/Support/bin/cake.php`, 'sse', ...rest];
const environment = (application) => ({ env: { ...process.env, SSE_TMP: application.tmp, SSE_TEST_CONFIG: JSON.stringify(application.sse) } });
const run = (application, ...rest) => promisify(execFile)(application.php, words(application, ...rest), environment(application));

async function failing(...rest) {
    const { code, stdout, stderr } = await run(...rest).then(() => assert.fail('it did not fail'), (error) => error);

    return { code, said: stdout + stderr };
}

test('sse push reaches the application\'s streams', async (t) => {
    const listener = new Listener(clients.undici, cake.probe('pushed'), ['toast']);
    t.after(() => listener.close());
    await listener.connected();
    const { stdout } = await run(cake, 'push', 'pushed', '{"event":"toast","message":"Hello"}');
    await listener.received(1);

    assert.equal(stdout, 'Pushed.\n');
    assert.deepEqual(listener.events.map(({ name, data }) => [name, data]), [['toast', { message: 'Hello' }]]);
});

test('sse push says why an event was not kept', async () => {
    const { code, said } = await failing(database, 'push', 'k', '1');

    assert.equal(code, 1);
    assert.match(said, /not kept.*bin\/cake migrations migrate -p Sse/);
    assert.match((await failing(cake, 'push', 'k', 'Hello')).said, /'"Hello"'/);
});

test('sse tail shows what is pushed, by the engine that is configured', async (t) => {
    await cake.push('tailed', { event: 'toast', text: '<error>Ünïcode</error>' });
    const child = spawn(cake.php, words(cake, 'tail', 'tailed', 'another', '--from', 'all'), { ...environment(cake), stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill());
    const lines = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    await until(() => lines.length > 0, 'for a line');
    await cake.push('another', [1]);
    await until(() => lines.length > 1, 'for another line');

    assert.match(lines[0], /^\d\d:\d\d:\d\d\.\d{3}  \d+-\d+  tailed  toast  {"event":"toast","text":"<error>Ünïcode<\/error>"}$/);
    assert.match(lines[1], /  another  message  \[1\]$/);
});

test('sse status says what serves the application, in words, as JSON and for Prometheus', async () => {
    const { stdout } = await run(cake, 'status');
    const { stdout: json } = await run(cake, 'status', '--json');
    const { stdout: metrics } = await run(cake, 'status', '--prometheus');

    assert.match(stdout, new RegExp(`^store +file, ${cake.tmp}/sse\n +can be used$`, 'm'));
    assert.equal(JSON.parse(json).store, `${cake.tmp}/sse`);
    assert.match(metrics, /^sse_up 1$/m);
});

test('each command says what it takes', async () => {
    for (const [command, expected] of [['push', /sse push/], ['tail', /--from/], ['status', /--prometheus/], ['hub', /--idle/], ['gc', /Delete the rows/]]) {
        assert.match((await run(cake, command, '--help')).stdout, expected);
    }
    assert.match((await failing(cake, 'tail')).said, /sse tail takes a key/);
});
