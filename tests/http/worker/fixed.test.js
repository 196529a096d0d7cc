// Settings of an FPM pool: php_value is a default, php_admin_value can't be changed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notInPlainPhp, startStackFor, temporaryDirectory } from '../../support/index.js';

test('Sse\\configure() changes nothing where one of its settings is fixed by php_admin_value, and says which', notInPlainPhp('its settings are no entries of php.ini'), async (t) => {
    const dir = temporaryDirectory('fixed');
    const stack = await startStackFor(
        t, '--workers', '1', '--ini', 'sse.retry=1000-4000',
        '--pool', `php_admin_value[sse.dir] = ${dir}`, '--pool', 'php_value[sse.heartbeat] = 5',
    );
    // What one request has set is gone in the next.
    for (const request of ['first', 'second']) {
        const { before, said, after, then } = JSON.parse(await stack.page('/configure.php'));

        assert.deepEqual(before, [dir, '5'], `the ${request} request`);
        assert.equal(said, "Sse\\configure(): sse.dir is fixed by the server's configuration (php_admin_value) and can't be changed here");
        assert.deepEqual(after, [dir, '5', '1000-4000', '3600']);
        assert.equal(then, '8');
    }
});
