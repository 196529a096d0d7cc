// What a hub is given, and what nobody can make it do.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { RawStream, killHub, startStackFor, temporaryDirectory } from '../../support/index.js';
import { OTHER_POOL, otherPool } from '../../support/pool.js';

const isRoot = process.getuid() === 0;
/** Nobody else is. */
const OTHER = 48_431;
const REQUIRED = { options: { handoff: 'require' } };

test('a hub has nothing of its worker\'s environment that it does not need, nor what PHP code made of it', async (t) => {
    const stack = await startStackFor(t, '--pool', 'env[APP_SECRET] = s3cret', '--pool', 'env[PATH] = /usr/bin:/bin');
    const changes = ['PATH=/theirs', 'LD_LIBRARY_PATH=/theirs', 'TMPDIR=/theirs'].map((change) => `putenv('${change}');`);
    writeFileSync(`${stack.dir}/public/changing.php`, `<?php ${changes.join(' ')} require 'stream.php';`);
    const stream = await RawStream.open(stack.stream('changing', REQUIRED).replace('/stream.php', '/changing.php'));
    t.after(() => stream.leave());
    await stream.connected();
    const pid = await stack.pid();
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);

    assert.deepEqual(environment, ['PATH=/usr/bin:/bin']);
});

test('a hub\'s paths may have any characters but a quote, and none of them is read as another setting', async (t) => {
    const stack = await startStackFor(t);
    const socket = `${stack.dir}/hub/a"b;c \${PATH}#.sock`;
    await userIni(stack, `sse.hub_socket = '${socket}'`);
    const { hub } = await handedOff(t, stack);
    t.after(() => killHub(hub.pid, 'SIGTERM'));

    assert.equal(hub.socket, socket);
});

for (const [what, setting, why] of [
    ['a number', 'sse.drain = "1\nextension=/nowhere/theirs"', /sse\.drain is/],
    ['a path', 'sse.hub_log = "/tmp/a\'\nextension=/nowhere/theirs"', /quote or a control character/],
]) {
    test(`an application can't put a setting of its own behind ${what}`, async (t) => {
        const stack = await startStackFor(t);
        await userIni(stack, setting);
        const { stream, note } = await stack.openNoted(t, 'spoilt', REQUIRED);

        assert.equal(stream.response.status, 500);
        assert.match((await note()).error, why);
        assert.ok(!existsSync(`${stack.dir}/hub/hub.sock`));
    });
}

test('an application\'s .user.ini passes open_basedir, and what the administrator fixed need not', async (t) => {
    const stack = await startStackFor(t, '--ini', 'display_errors=1');
    const fence = `open_basedir = "${stack.dir}/public"\n`;
    await userIni(stack, fence);
    const { hub } = await handedOff(t, stack);
    mkdirSync(`${stack.dir}/other`, { mode: 0o777 });
    await userIni(stack, `${fence}sse.dir = "${stack.dir}/other"\n`);
    const answer = await (await fetch(`${stack.url}/read.php?key=k`)).text();

    assert.ok(hub.pid > 0);
    assert.match(answer, /sse\.dir leads to .*\/other, which open_basedir keeps from PHP code/);
});

for (const [what, squat] of [
    ['a directory', (path) => {
        mkdirSync(path, { mode: 0o777 });
        chownSync(path, OTHER, OTHER);
    }],
    ['a link', (path) => symlinkSync('/tmp', path)],
    ['a file', (path) => writeFileSync(path, '')],
]) {
    test(`${what} of somebody else's in the place of the hub's directory keeps nobody from a hub`, { skip: skipOwnPlace() }, async (t) => {
        const { base, options } = ownPlace();
        const stack = await startStackFor(t, '--workers', '4', ...options);
        squat(`${base}/php-sse-${webUser(stack)}`);
        const crowd = stack.crowd(t, 20, 'squatted', REQUIRED);
        await crowd.connected();
        // Each worker found the same.
        await stack.holds(20);
        const { hub } = await stack.status();
        t.after(() => killHub(hub.pid, 'SIGTERM'));

        const mine = readdirSync(base).filter((name) => statSync(`${base}/${name}`).uid === webUser(stack));
        assert.equal(mine.length, 1, `${mine}`);
        assert.ok(hub.socket.startsWith(`${base}/${mine[0]}/`), hub.socket);
        assert.equal(statSync(`${base}/${mine[0]}`).mode & 0o7777, 0o700);
        assert.deepEqual(readdirSync(`${base}/${mine[0]}`).filter((name) => name.endsWith('.start')), []);
    });
}

test('pools of one user and of different groups have different hubs', { skip: skipOwnPlace() }, async (t) => {
    const { base, options } = ownPlace();
    const stack = await startStackFor(t, ...options, ...otherPool(base, 'www-data', OTHER, `env[TMPDIR] = ${base}`));
    chmodSync(stack.store, 0o2777);
    const { hub } = await handedOff(t, stack);
    const { hub: other } = await handedOff(t, stack, OTHER_POOL);
    t.after(() => Promise.all([hub, other].map(({ pid }) => killHub(pid, 'SIGTERM'))));

    assert.notEqual(hub.pid, other.pid);
    assert.deepEqual([hub.streams, other.streams], [1, 1]);
});

test('a hub that lacks a group of its worker\'s says that it has to be restarted, and the worker streams', { skip: !isRoot && 'only root can give a directory away' }, async (t) => {
    const base = temporaryDirectory('groups');
    mkdirSync(`${base}/store`);
    chownSync(`${base}/store`, 0, OTHER);
    chmodSync(`${base}/store`, 0o2770);
    // Both have the stack's socket.
    const stack = await startStackFor(t, ...otherPool(base, 'www-data', OTHER, `php_admin_value[sse.dir] = ${base}/store`));
    const { hub } = await handedOff(t, stack);
    const stream = await RawStream.open(stack.stream('groups'), OTHER_POOL);
    t.after(() => stream.leave());
    await stream.connected();
    await stream.leave();

    assert.equal(stack.complaints().length, 1);
    assert.match(stack.complaints()[0], new RegExp(`belongs to root:${OTHER}.*end it \\(kill ${hub.pid}\\)`));
});

test('in a chroot without PHP\'s command line a stream stays in its worker, and it is said that it is one', { skip: !isRoot && 'only root can change the root' }, async (t) => {
    const base = temporaryDirectory('root');
    const stack = await startStackFor(t, ...otherPool(
        base, 'www-data', 'www-data', `chroot = ${base}`, 'php_admin_value[sse.dir] = /store', 'php_admin_value[sse.hub_socket] = /hub/hub.sock',
    ));
    // Debian's PHP crashes at date() without the last.
    for (const needed of [`${stack.dir}/public`, '/usr/share/zoneinfo'].filter(existsSync)) {
        cpSync(needed, base + needed, { recursive: true, verbatimSymlinks: true });
    }
    for (const name of ['store', 'hub']) {
        mkdirSync(`${base}/${name}`, { mode: 0o700 });
        chownSync(`${base}/${name}`, webUser(stack), webUser(stack));
    }
    const stream = await RawStream.open(stack.stream('rooted'), OTHER_POOL);
    t.after(() => stream.leave());
    await stream.connected();
    await stream.leave();
    const { why } = await stack.status({ headers: OTHER_POOL });

    assert.match(why, /\/dev\/null.*runs in a chroot/);
    assert.equal(stack.complaints().length, 1);
    assert.match(stack.complaints()[0], /runs in a chroot/);
});

/** Settings of the application's own, which workers read once. */
async function userIni(stack, text) {
    writeFileSync(`${stack.dir}/public/.user.ini`, text);
    await stack.fpm('reload');
}

/** A stream in the hub, and what that says of itself. */
async function handedOff(t, stack, headers = {}) {
    const stream = await RawStream.open(stack.stream('handed', REQUIRED), headers);
    t.after(() => stream.leave());
    await stream.connected();

    return stack.status({ headers });
}

/** A temporary directory like /tmp, of the test's own, where hubs have their place by default. */
function ownPlace() {
    const base = temporaryDirectory('place', 0o1777);

    return { base, options: ['--pool', `env[TMPDIR] = ${base}`, '--ini', 'sse.hub_socket=', '--ini', 'sse.hub_log='] };
}

function skipOwnPlace() {
    if (!isRoot) {
        return 'only root can give a directory away';
    }

    return existsSync('/run/php-sse') && 'hubs have their place in /run/php-sse here';
}

function webUser(stack) {
    return statSync(`${stack.dir}/hub`).uid;
}
