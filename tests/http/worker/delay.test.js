import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawStream, notInPlainPhp, startStackFor } from '../../support/index.js';

test('over TCP a worker\'s frames do not wait for the ones before them', notInPlainPhp('it can\'t set TCP_NODELAY'), async (t) => {
    const stack = await startStackFor(t, '--listen', 'tcp', '--ini', 'ffi.enable=1');
    const stream = await RawStream.open(`${stack.url}/delay.php?key=delay`);
    t.after(() => stream.leave());
    await stream.received(1);
    if (stream.data[0] === 'no FFI') {
        return t.skip('PHP has no FFI, which asks the system');
    }

    assert.deepEqual(stream.data, [true]);
});
