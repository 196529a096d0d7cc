// The bytes of a cursor are documented in crates/sse-core/src/cursor.rs.
import { createHash } from 'node:crypto';

const HEAD = 5;
const CHECK = 3;
const digests = new Map();

/** The position that a cursor has of a key, as an event's id; null if it doesn't know the key. */
export function positionOf(cursor, key) {
    const bytes = Buffer.from(cursor, 'base64url');
    const digest = digests.get(key) ?? digests.set(key, createHash('sha256').update(key).digest()).get(key);
    const salt = bytes[0] & 0x0f;
    const tag = digest.subarray(salt * 2, salt * 2 + 3);
    for (let at = HEAD; at < bytes.length - CHECK;) {
        const isOurs = bytes.subarray(at, at + 3).equals(tag);
        const millis = bytes.readUIntBE(at + 3, 6);
        at += 9;
        let sequence = 0;
        let shift = 1;
        do {
            sequence += (bytes[at] & 0x7f) * shift;
            shift *= 128;
        } while (bytes[at++] & 0x80);
        if (isOurs) {
            return { millis, sequence };
        }
    }

    return null;
}

/** Which store a cursor is of: another one after a wipe. */
export function epochOf(cursor) {
    return Buffer.from(cursor, 'base64url').subarray(1, HEAD).toString('hex');
}

/** An id as push() answers it. */
export function readId(text) {
    const [millis, sequence] = text.split('-').map(Number);

    return { millis, sequence };
}

export function writeId(id) {
    return id ? `${id.millis}-${id.sequence}` : 'none';
}

/** Below, at, or above 0: as a is before, at, or behind b. */
export function compareIds(a, b) {
    return a.millis - b.millis || a.sequence - b.sequence;
}
