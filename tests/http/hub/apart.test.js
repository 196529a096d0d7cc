// Who shares a machine, or even a hub, shares no events.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { Pusher, RawStream, killHub, numbers, startStackFor, temporaryDirectory, userOf } from '../../support/index.js';
import { OTHER_POOL, otherPool } from '../../support/pool.js';

/** Nobody else is. */
const OTHER = { uid: 48_421, gid: 48_421 };

function pusherFor(t, stack, store) {
    const pusher = new Pusher(stack.php, [...stack.flags, '-d', `sse.dir=${store}`]);
    t.after(() => pusher.close());

    return pusher;
}

test('two applications in one pool share the hub, and never an event', async (t) => {
    const stack = await startStackFor(t);
    const second = `${stack.dir}/second`;
    const { uid, gid } = statSync(stack.store);
    mkdirSync(second);
    chownSync(second, uid, gid);
    chmodSync(second, 0o2770);
    const pusher = pusherFor(t, stack, second);
    const query = { options: { handoff: 'require', dsn: `file://${second}` } };
    const own = stack.crowd(t, 20, 'same');
    const others = stack.crowd(t, 20, 'same', query);
    await own.connected();
    await others.connected();
    await Promise.all(numbers(1, 100).flatMap((number) => [
        stack.push('same', `first ${number}`),
        pusher.push('same', `second ${number}`),
    ]));
    await own.received(100);
    await others.received(100);

    await stack.holds(40);
    for (const client of own.clients) {
        assert.deepEqual(client.data, numbers(1, 100).map((number) => `first ${number}`));
    }
    for (const client of others.clients) {
        assert.deepEqual(client.data, numbers(1, 100).map((number) => `second ${number}`));
    }
});

test('two pools under two users have two hubs, and each hub hears its own user only', { skip: process.getuid() !== 0 && 'only root can become other users' }, async (t) => {
    // Another user's, with directories of its own.
    const base = temporaryDirectory('other');
    for (const name of ['hub', 'store']) {
        mkdirSync(`${base}/${name}`, { mode: 0o700 });
        chownSync(`${base}/${name}`, OTHER.uid, OTHER.gid);
    }
    const stack = await startStackFor(t, ...otherPool(
        base, OTHER.uid, OTHER.gid, `php_admin_value[sse.dir] = ${base}/store`,
        `php_admin_value[sse.hub_socket] = ${base}/hub/hub.sock`, `php_admin_value[sse.hub_log] = ${base}/hub/hub.log`,
    ));
    const pusher = pusherFor(t, stack, `${base}/store`);
    const own = await open(t, stack);
    const other = await open(t, stack, OTHER_POOL);
    await stack.push('pool', 'own');
    await pusher.push('pool', 'other');
    await own.received(1);
    await other.received(1);
    const [{ hub }, { hub: otherHub }] = [await stack.status(), await stack.status({ headers: OTHER_POOL })];
    t.after(() => killHub(otherHub.pid, 'SIGTERM'));

    assert.deepEqual([own.data, other.data], [['own'], ['other']]);
    assert.deepEqual([hub.streams, otherHub.streams], [1, 1]);
    assert.deepEqual([hub.pid, otherHub.pid].map(userOf), [statSync(`${stack.dir}/hub`).uid, OTHER.uid]);
    assert.match(visit(stack, hub.socket), /^refused: Permission denied/);
    // Even if somebody opened the way.
    chmodSync(`${stack.dir}/hub`, 0o755);
    chmodSync(hub.socket, 0o777);
    assert.equal(visit(stack, hub.socket), 'ended: ');
    chmodSync(`${stack.dir}/hub`, 0o700);
    await stack.push('pool', 'still there');
    await own.received(2);
});

async function open(t, stack, headers = {}) {
    const stream = await RawStream.open(stack.stream('pool', { options: { handoff: 'require' } }), headers);
    t.after(() => stream.leave());
    await stream.connected();

    return stream;
}

/** Speaks to a socket as the other user; tells how that went. */
function visit(stack, socket) {
    const script = `$socket = socket_create(AF_UNIX, SOCK_SEQPACKET, 0);
        socket_set_option($socket, SOL_SOCKET, SO_RCVTIMEO, ["sec" => 10, "usec" => 0]);
        @socket_connect($socket, $argv[1]) || exit("refused: " . socket_strerror(socket_last_error($socket)));
        @socket_write($socket, str_repeat("\\0", 64));
        $answer = @socket_read($socket, 1000);
        echo socket_last_error($socket) === SOCKET_EAGAIN ? "left waiting" : "ended: $answer";`;
    const as = [`--reuid=${OTHER.uid}`, `--regid=${OTHER.gid}`, '--clear-groups'];
    const { stdout } = spawnSync('setpriv', [...as, stack.php, '-r', script, socket]);

    return String(stdout);
}
