// tools/bin/sse, as a person and a monitoring use it. It acts upon the stack's store.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { notInPlainPhp, startStack, temporaryDirectory, until, userOf } from '../support/index.js';

const program = fileURLToPath(new URL('../../tools/bin/sse', import.meta.url));
const isRoot = process.getuid() === 0;

let stack;
let reader;
before(async () => {
    stack = await startStack();
    // A file: plain PHP stands before files only.
    reader = `${temporaryDirectory('tools')}/read.php`;
    writeFileSync(reader, '<?php echo json_encode(Sse\\read($argv[1]));');
});
after(() => stack?.stop());

const words = (...rest) => [...stack.flags, program, ...rest];
const run = (...rest) => promisify(execFile)(stack.php, words(...rest));

/** The events of a key, as Sse\read() answers them. */
const kept = async (key) => JSON.parse((await promisify(execFile)(stack.php, [...stack.flags, reader, key])).stdout);

/** A command that fails: its exit status and what it said. */
async function failing(...rest) {
    const error = await run(...rest).then(() => assert.fail('it did not fail'), (reason) => reason);

    return { code: error.code, said: error.stderr + error.stdout };
}

/** `sse tail`, with its lines so far. */
function tail(t, ...rest) {
    const child = spawn(stack.php, words('tail', ...rest), { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill());
    const lines = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));

    return { child, lines, has: (count) => until(() => lines.length >= count, () => `for ${count} lines, there are ${JSON.stringify(lines)}`) };
}

test('push answers the id of an event that clients get', async (t) => {
    const client = stack.crowd(t, 1, 'tools push');
    await client.connected();
    const { stdout } = await run('push', 'tools push', '{"event":"toast","message":"héllo","nothing":{}}');
    await client.received(1);

    const [event] = await kept('tools push');
    assert.equal(stdout, `${event.id}\n`);
    assert.deepEqual([event.event, event.data.message], ['toast', 'héllo']);
});

test('push reads from standard input', async () => {
    const child = promisify(execFile)(stack.php, words('push', 'stdin', '-'));
    child.child.stdin.end('[1, 2]');
    await child;

    assert.deepEqual((await kept('stdin')).map(({ data }) => data), [[1, 2]]);
});

test('a payload that is no JSON is refused with how it is written', async () => {
    const { code, said } = await failing('push', 'refused', 'Hello you');

    assert.equal(code, 2);
    assert.match(said, /no JSON.*Hello you[^]*'"Hello you"'/);
    assert.deepEqual(await kept('refused'), []);
});

test('tail shows what comes to its keys, with time, id and name', async (t) => {
    await stack.push('tail', 'old');
    const shown = tail(t, 'tail', 'other', '--from', '1');
    await shown.has(1);
    await stack.push('other', { event: 'toast', n: 1 });
    await shown.has(2);

    const [{ id }] = await kept('other');
    assert.match(shown.lines[0], /  tail  message  "old"$/);
    assert.match(shown.lines[1], new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  ${id}  other  toast  {"event":"toast","n":1}$`));
});

test('tail begins now, and what is pushed to a key that had nothing is shown', async (t) => {
    await stack.push('from now', 1);
    const shown = tail(t, 'from now', 'never pushed to', '--json');
    // What shows that it has begun.
    await until(async () => {
        await stack.push('never pushed to', 'is it there?');

        return shown.lines.length > 0;
    }, 'for its first line');
    await stack.push('from now', 2);
    const of = (key) => shown.lines.map((line) => JSON.parse(line)).filter((event) => event.key === key);
    await until(() => of('from now').length > 0, 'for the event');

    assert.deepEqual(of('from now').map(({ data }) => data), [2]);
});

test('tail --from takes an id, and says where a place is none', async (t) => {
    await stack.pushNumbers('from id', 1, 3);
    const [first] = await kept('from id');
    const shown = tail(t, 'from id', '--from', first.id, '--json');
    await shown.has(2);

    assert.deepEqual(shown.lines.map((line) => JSON.parse(line).data), [2, 3]);
    assert.match((await failing('tail', 'k', '--from', 'yesterday')).said, /"all", a number of events, or an event's id.*"yesterday"/);
});

test('what others pushed does not reach the terminal as a control character', async (t) => {
    await stack.push('terminal', { event: 'a\u001b[2Jb' });
    const shown = tail(t, 'terminal', '--from', 'all');
    await shown.has(1);

    assert.match(shown.lines[0], /a\?\[2Jb/);
    assert.doesNotMatch(shown.lines[0], /\u001b/);
});

test('status tells of the hub of the web\'s user in words, as JSON and for Prometheus', notInPlainPhp('it has no hub'), async (t) => {
    const crowd = stack.crowd(t, 3, 'status');
    await crowd.connected();
    const pid = await stack.pid();
    const { stdout: text } = await run('status');
    const { stdout: json } = await run('status', '--json');
    const { stdout: metrics } = await run('status', '--prometheus');

    assert.match(text, new RegExp(`process ${pid}: 3 of [\\d,]+ streams, \\d keys?\n`));
    assert.match(text, isRoot ? /, as www-data, as PHP on the web \(you are root\)\n/ : /, as \w+\n/);
    assert.equal(JSON.parse(json).hub.streams, 3);
    assert.match(metrics, /^sse_up 1$[^]*^sse_hub_streams 3$[^]*^sse_hub_streams_taken_total \d+$/m);
    for (const line of metrics.trim().split('\n')) {
        assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+({.*})? \d+)$/);
    }
});

test('status fails where the store can\'t be used, and says how to mend it', async () => {
    const { code, said } = await failing('status', '--dsn', 'file:///nowhere/at/all');

    assert.equal(code, 1);
    assert.match(said, /CAN'T BE USED: .*\/nowhere\/at\/all does not exist; create it/);
});

test('as root, what push makes belongs to the web\'s user', { skip: !isRoot && 'only root can' }, async () => {
    await run('push', 'owner', '1');
    const { stdout } = await promisify(execFile)('find', [stack.store, '-name', 'owner-*', '-printf', '%u']);

    assert.equal(stdout, 'www-data');
});

test('hub serves streams as the web\'s user until it is told to end', { skip: (!isRoot && 'only root can') || notInPlainPhp('it has no hub').skip }, async (t) => {
    // One that a worker has started gives way.
    const child = spawn(stack.php, words('hub'), { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    t.after(() => child.kill('SIGKILL'));
    await until(async () => (await stack.status()).hub?.pid === child.pid, 'for the hub');
    const client = stack.crowd(t, 1, 'own hub');
    await client.connected();
    await stack.push('own hub', 1);
    await client.received(1);

    assert.notEqual(userOf(child.pid), 0);
    child.kill();
    assert.equal(await ended, 0);
});

test('a command or an option that does not exist is answered with those that do', async () => {
    assert.match((await failing('pusch')).said, /no command "pusch"[^]*push KEY JSON/);
    assert.match((await failing('status', '--jsn')).said, /no option --jsn.*--json, --prometheus/);
    assert.match((await failing('tail')).said, /sse tail news/);
});
