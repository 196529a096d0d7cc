// What FPM does with its workers is nothing to the streams.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Listener, childrenOf, clients, isAlive, numbers, startStackFor, until } from '../../support/index.js';

for (const [what, ...options] of [
    ['pm = static', '--pm', 'static'],
    ['pm = dynamic', '--pm', 'dynamic'],
    ['pm = ondemand', '--pm', 'ondemand', '--pool', 'pm.process_idle_timeout = 1s'],
    ['pm.max_requests = 1', '--pm', 'static', '--pool', 'pm.max_requests = 1'],
]) {
    test(`${what}: streams outlive the workers that took them`, async (t) => {
        const stack = await startStackFor(t, ...options);
        const crowd = stack.crowd(t, 20, 'workers', { options: { handoff: 'require' } });
        await crowd.connected();
        // Gone by themselves, or now.
        const workers = childrenOf(stack.pids.fpm);
        workers.forEach((pid) => process.kill(pid, 'SIGTERM'));
        await until(() => !workers.some(isAlive), 'for the end of the workers');
        await stack.pushNumbers('workers', 1, 20);
        await crowd.received(20);

        assert.equal(await stack.page(), 'pong');
        for (const client of crowd.clients) {
            assert.deepEqual(client.data, numbers(1, 20));
            assert.equal(client.connects, 1);
        }
    });
}

for (const listen of ['unix', 'tcp']) {
    test(`streams go on through reloads of an FPM on ${listen}`, async (t) => {
        const stack = await startStackFor(t, '--listen', listen);
        const crowd = stack.crowd(t, 50, 'reload');
        await crowd.connected();
        const hub = await stack.pid();
        for (const round of numbers(1, 3)) {
            const pushing = stack.pushNumbers('reload', round * 20 - 19, round * 20);
            await stack.fpm('reload');
            await pushing;
        }
        await crowd.received(60);

        for (const client of crowd.clients) {
            assert.deepEqual(client.data, numbers(1, 60));
            assert.equal(client.connects, 1);
        }
        assert.equal(await stack.pid(), hub);
        await stack.holds(50);
    });

    test(`a graceful stop of an FPM on ${listen} does not wait for streams, and they lose nothing`, async (t) => {
        const stack = await startStackFor(t, '--listen', listen);
        const listeners = numbers(1, 10).map(() => new Listener(clients.undici, stack.stream('graceful')));
        t.after(() => listeners.forEach((listener) => listener.close()));
        await Promise.all(listeners.map((listener) => listener.connected()));

        const { ended } = await stack.fpm('quit');
        await stack.pushNumbers('graceful', 1, 20);
        // The address is free again: nobody else holds it.
        await stack.fpm('start');
        await stack.pushNumbers('graceful', 21, 40);
        await Promise.all(listeners.map((listener) => listener.received(40)));

        assert.equal(ended, true, 'PHP-FPM ends by itself, before it loses patience with a worker');
        for (const { data } of listeners) {
            assert.deepEqual(data, numbers(1, 40));
        }
    });
}

test('functions that are disabled for applications are there for the hand-off', async (t) => {
    const disabled = 'disable_functions=constant,date,headers_list,ob_get_status,session_status,set_time_limit';
    const stack = await startStackFor(t, '--ini', disabled);
    const crowd = stack.crowd(t, 1, 'disabled', { options: { handoff: 'require' } });
    await crowd.connected();
    await stack.pushNumbers('disabled', 1, 1);
    await crowd.received(1);

    assert.deepEqual(crowd.clients[0].data, [1]);
});
