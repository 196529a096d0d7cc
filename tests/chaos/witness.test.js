// The checker finds what it is for, and nothing else.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { beforeEach, test } from 'node:test';
import { Ledger } from './lib/ledger.js';
import { Witness } from './lib/witness.js';

const KEPT = 20;
let clock;
let ledger;
let reports;
let witness;

beforeEach(() => {
    clock = 1_800_000_000_000;
    reports = [];
    ledger = new Ledger(() => witness.wiped());
    ledger.add('key', KEPT);
    witness = new Witness(ledger, ['key'], (kind) => reports.push(kind));
    witness.begin(cursor(0));
});

test('events that come once and in order are all right', () => {
    [push(), push(), push()].forEach(deliver);
    witness.end();
    assert.deepEqual(reports, []);
    assert.equal(witness.counts.delivered, 3);
});

test('an event that is delivered before its push is answered is all right', () => {
    const early = begin();
    deliver(early);
    answer(early);
    deliver(push());
    witness.end();
    assert.deepEqual(reports, []);
});

test('an event that was stored before the client began is not missed, even if its push is answered later', () => {
    const older = begin();
    witness = new Witness(ledger, ['key'], (kind) => reports.push(kind));
    witness.begin(cursor(clock));
    answer(older);
    deliver(push());
    witness.end();
    assert.deepEqual(reports, []);
});

test('an event that never comes is lost', () => {
    deliver(push());
    push();
    assert.deepEqual(reports, []);
    witness.end();
    assert.deepEqual(reports, ['lost']);
});

test('an event that a later one overtakes is lost', () => {
    push();
    deliver(push());
    assert.deepEqual(reports, ['lost']);
});

test('an event whose push is answered after a later one came is lost', () => {
    const overtaken = begin();
    deliver(push());
    answer(overtaken);
    witness.end();
    assert.deepEqual(reports, ['lost']);
});

test('an event that comes twice is doubled', () => {
    const twice = push();
    deliver(twice);
    deliver(twice);
    assert.deepEqual(reports, ['doubled']);
});

test('an older event behind a newer one is disordered', () => {
    const [older, newer] = [push(), push()];
    deliver(newer);
    deliver(older);
    assert.deepEqual(reports, ['lost', 'disordered']);
});

test('an event whose frame has another position is found', () => {
    witness.event(push(), cursor(clock + 1));
    assert.deepEqual(reports, ['wrong cursor']);
});

test('an event of a push that was refused is found', () => {
    const refused = begin();
    ledger.refused(refused, 'no space left');
    deliver(refused);
    assert.deepEqual(reports, ['refused but delivered']);
});

test('a push that nobody answered may come or not', () => {
    const [stored] = [begin(), begin()];
    ledger.lost();
    ledger.lost();
    deliver(stored);
    deliver(push());
    witness.end();
    assert.deepEqual(reports, []);
});

test('what a wipe takes is all right once it is told, and lost otherwise', async () => {
    deliver(push());
    push();
    await ledger.wipe(() => {});
    gap(0, 0);
    deliver(push());
    witness.end();
    assert.deepEqual(reports, []);
    assert.equal(witness.counts.toldLost, 1);

    push();
    await ledger.wipe(() => {});
    deliver(push());
    assert.deepEqual(reports, ['lost']);
});

test('an event of the new store is not excused by the gap between it and the old one', async () => {
    await ledger.wipe(() => {});
    gap(0, 0);
    push();
    deliver(push());
    assert.deepEqual(reports, ['lost']);
});

test('a store that was wiped while a push ran promises nothing for it', async () => {
    const during = begin();
    await ledger.wipe(() => answer(during));
    witness.end();
    assert.deepEqual(reports, []);
});

test('a gap where nothing was lost is false', () => {
    deliver(push());
    gap(clock, clock);
    assert.deepEqual(reports, ['false gap']);
});

test('a second gap for one wipe is false', async () => {
    await ledger.wipe(() => {});
    gap(0, 0);
    gap(0, 0);
    assert.deepEqual(reports, ['false gap']);
});

test('what the old store had dropped is told besides the wipe', async () => {
    await ledger.wipe(() => {});
    gap(0, 0, 0);
    gap(0, 0);
    assert.deepEqual(reports, []);
});

test('what retention dropped is all right once it is told', () => {
    const first = clock;
    const events = Array.from({ length: 2 * KEPT }, push);
    gap(first, events[KEPT - 1].id.millis);
    events.slice(KEPT).forEach(deliver);
    witness.end();
    assert.deepEqual(reports, []);
    assert.equal(witness.counts.toldLost, KEPT);
});

test('what retention dropped is all right also where the gap of another key goes on', () => {
    const first = clock;
    const events = Array.from({ length: 2 * KEPT }, push);
    witness.gap({ keys: ['key', 'other'], from: `${first}-0`, to: `${clock + 1}-0` }, cursor(clock));
    events.slice(KEPT).forEach(deliver);
    witness.end();
    // It follows one of the two.
    assert.deepEqual(reports, ['foreign']);
});

test('a gap of several keys where nothing was lost is false', () => {
    deliver(push());
    witness.gap({ keys: ['key', 'other'], from: `${clock}-0`, to: `${clock + 1}-0` }, cursor(clock));
    assert.deepEqual(reports, ['false gap', 'foreign']);
});

test('what retention dropped is lost where the gap does not cover it', () => {
    const first = clock;
    const events = Array.from({ length: 2 * KEPT }, push);
    gap(first + 1, events[KEPT - 1].id.millis);
    events.slice(KEPT).forEach(deliver);
    assert.deepEqual(reports, ['lost']);
});

test('an event that is due and not there is overdue', () => {
    const due = push();
    assert.equal(witness.overdue(Infinity), due);
    deliver(due);
    assert.equal(witness.overdue(Infinity), null);
});

function begin() {
    const pushed = ledger.begin('key', null, 0);
    pushed.millis = ++clock;

    return pushed;
}

function answer(pushed) {
    ledger.acked(pushed, `${pushed.millis}-0`);

    return pushed;
}

function push() {
    return answer(begin());
}

function deliver(pushed) {
    witness.event(pushed, cursor(pushed.millis));
}

/** Of another store than events are, unless it is said. */
function gap(from, to, store = 1) {
    witness.gap({ keys: ['key'], from: `${from}-0`, to: `${to}-0` }, cursor(to, store));
}

/** A cursor of one key; its check isn't looked at. */
function cursor(millis, store = 0) {
    const bytes = Buffer.alloc(5 + 3 + 6 + 1 + 3);
    bytes[0] = 0x10;
    bytes[1] = store;
    createHash('sha256').update('key').digest().copy(bytes, 5, 0, 3);
    bytes.writeUIntBE(millis, 8, 6);

    return bytes.toString('base64url');
}
