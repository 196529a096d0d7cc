//! A position in one or several keys, and its text: what a client sends back in `Last-Event-ID`.
//!
//! ```text
//! byte 0      version (4 bits), salt (4 bits)
//! 1..5        the store's epoch
//! per key     tag (3 bytes), milliseconds (6 bytes), sequence (LEB128), ordered by tag
//! last 3      check: the lower 24 bits of the CRC-32 of all before
//! ```
//! as unpadded base64url: 24 characters for one key, at most 128 for eight, and none of the bytes
//! that make a header need a CORS preflight (Fetch standard, "CORS-unsafe request-header byte").
//!
//! Always true:
//! - text is read strictly: what we would not have written counts as no cursor;
//! - a key's tag comes from its SHA-256; the salt picks other bytes of it where two keys of one
//!   stream would share a tag.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::EventId;
use crate::key::Key;

const VERSION: u8 = 1;
const HEAD: usize = 5;
const CHECK: usize = 3;
/// Longest text we look at: 64 keys with the longest sequences.
const MAX_TEXT: usize = 2_048;

/// Which store a cursor belongs to: random, drawn when the store is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(pub u32);

impl Epoch {
    /// A random one, for a new store.
    #[must_use]
    pub fn draw() -> Self {
        let mut bytes = [0_u8; 4];
        // With four bytes it is never interrupted; without entropy the clock must do.
        if rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).is_err() {
            bytes = (crate::id::now_millis() as u32).to_be_bytes();
        }
        Self(u32::from_be_bytes(bytes))
    }
}

/// The keys of one stream, made ready for writing cursors.
#[derive(Clone, Debug)]
pub struct Tags {
    salt: u8,
    tags: Vec<[u8; 3]>,
    /// Indexes into the keys, in the order of their tags.
    order: Vec<usize>,
}

impl Tags {
    /// Tags for `keys`, distinct within the set.
    #[must_use]
    pub fn new(keys: &[Key]) -> Self {
        let digests: Vec<[u8; 32]> = keys.iter().map(Key::digest).collect();
        let mut salt = 0;
        loop {
            let tags: Vec<[u8; 3]> = digests.iter().map(|digest| tag(digest, salt)).collect();
            let mut order: Vec<usize> = (0..tags.len()).collect();
            order.sort_by_key(|&index| tags.get(index));
            let distinct = order.is_sorted_by(|&a, &b| tags.get(a) < tags.get(b));
            if distinct || salt == 14 {
                return Self { salt, tags, order };
            }
            salt += 1;
        }
    }

    /// The text of the cursor at `positions`, one for each key in the order they were given.
    #[must_use]
    pub fn write(&self, epoch: Epoch, positions: &[EventId]) -> String {
        let mut bytes = Vec::with_capacity(HEAD + positions.len() * 11 + CHECK);
        bytes.push(VERSION << 4 | self.salt);
        bytes.extend(epoch.0.to_be_bytes());
        for &index in &self.order {
            let (Some(tag), Some(position)) = (self.tags.get(index), positions.get(index)) else {
                continue;
            };
            bytes.extend(tag);
            bytes.extend(position.millis.to_be_bytes().iter().skip(2));
            write_leb128(&mut bytes, position.sequence);
        }
        bytes.extend(check(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// A cursor as a client sent it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    epoch: Epoch,
    salt: u8,
    entries: Vec<([u8; 3], EventId)>,
}

impl Cursor {
    /// Reads `text` strictly; `None` is "no cursor", never an error for the client.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, sum) = bytes.split_last_chunk::<CHECK>()?;
        let (&[head, a, b, c, d], mut rest) = body.split_first_chunk::<HEAD>()?;
        if head >> 4 != VERSION || *sum != check(body) {
            return None;
        }
        let mut entries: Vec<([u8; 3], EventId)> = Vec::new();
        while !rest.is_empty() {
            let (&tag, after) = rest.split_first_chunk::<3>()?;
            let (&[m0, m1, m2, m3, m4, m5], after) = after.split_first_chunk::<6>()?;
            let (sequence, after) = read_leb128(after)?;
            let millis = u64::from_be_bytes([0, 0, m0, m1, m2, m3, m4, m5]);
            if entries.last().is_some_and(|(before, _)| *before >= tag) {
                return None;
            }
            entries.push((tag, EventId::new(millis, sequence)));
            rest = after;
        }
        Some(Self { epoch: Epoch(u32::from_be_bytes([a, b, c, d])), salt: head & 0x0f, entries })
    }

    /// The store it was written for.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The position of each of `keys`, `None` for one that the cursor doesn't know. Where two of
    /// them share a tag the position can't be told apart: both get [`EventId::ZERO`], a gap.
    #[must_use]
    pub fn positions(&self, keys: &[Key]) -> Vec<Option<EventId>> {
        let tags: Vec<[u8; 3]> = keys.iter().map(|key| tag(&key.digest(), self.salt)).collect();
        tags.iter()
            .map(|tag| {
                let (_, position) = self.entries.iter().find(|(entry, _)| entry == tag)?;
                let shared = tags.iter().filter(|other| *other == tag).count() > 1;
                Some(if shared { EventId::ZERO } else { *position })
            })
            .collect()
    }
}

fn tag(digest: &[u8; 32], salt: u8) -> [u8; 3] {
    let from = usize::from(salt) * 2;
    digest.get(from..from + 3).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
}

fn check(bytes: &[u8]) -> [u8; CHECK] {
    // Half of it would miss one-character changes in cursors of five keys and more.
    let [_, check @ ..] = crc32fast::hash(bytes).to_be_bytes();
    check
}

fn write_leb128(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// A number in its shortest form, and what follows it.
fn read_leb128(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (index, &byte) in bytes.iter().enumerate().take(10) {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * u32::try_from(index).ok()?;
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            let canonical = byte != 0 || index == 0;
            return canonical.then(|| (number, bytes.get(index + 1..).unwrap_or(&[])));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MAX_MILLIS;
    use proptest::prelude::*;

    fn keys(count: usize) -> Vec<Key> {
        (0..count).map(|n| Key::new(format!("key {n}").as_bytes()).unwrap()).collect()
    }

    #[test]
    fn a_cursor_of_eight_keys_is_at_most_128_header_safe_bytes() {
        let text = Tags::new(&keys(8)).write(Epoch(u32::MAX), &[EventId::new(MAX_MILLIS, 0x3fff); 8]);
        assert!(text.len() <= 128, "{}", text.len());
        assert!(
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'),
            "{text}"
        );
    }

    #[test]
    fn a_key_new_in_the_set_has_no_position() {
        let keys = keys(3);
        let text = Tags::new(&keys[..2]).write(Epoch(7), &[EventId::new(1, 2), EventId::new(3, 4)]);
        let cursor = Cursor::read(text.as_bytes()).unwrap();
        assert_eq!(cursor.positions(&keys[1..]), [Some(EventId::new(3, 4)), None]);
    }

    #[test]
    fn keys_that_share_a_tag_are_told_apart_by_the_salt() {
        let mut seen = std::collections::HashMap::new();
        let pair = (0..)
            .find_map(|n| {
                let key = Key::new(format!("k{n}").as_bytes()).unwrap();
                seen.insert(tag(&key.digest(), 0), key.clone()).map(|other| [other, key])
            })
            .unwrap();
        let positions = [EventId::new(1, 0), EventId::new(2, 0)];
        let cursor = Cursor::read(Tags::new(&pair).write(Epoch(1), &positions).as_bytes()).unwrap();
        assert_eq!(cursor.positions(&pair), positions.map(Some));
    }

    #[test]
    fn keys_that_a_cursor_cannot_tell_apart_get_a_gap() {
        let key = Key::new(b"k").unwrap();
        let text = Tags::new(std::slice::from_ref(&key)).write(Epoch(1), &[EventId::new(5, 0)]);
        let cursor = Cursor::read(text.as_bytes()).unwrap();
        assert_eq!(cursor.positions(&[key.clone(), key]), [Some(EventId::ZERO); 2]);
    }

    #[test]
    fn foreign_text_is_no_cursor() {
        for text in ["", "1", "1767225600000-0", "null", "EAAAAAAA", "=", "ÿ", &"A".repeat(5_000)] {
            assert_eq!(Cursor::read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn one_changed_character_is_noticed() {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        // The check is linear: what is noticed in one cursor is noticed in all of its length.
        for (count, sequence) in [(1, 0), (1, 300), (2, 0), (4, 0), (5, 300), (8, 0), (8, 300), (64, 300)] {
            let positions = vec![EventId::new(1_767_225_600_000, sequence); count];
            let mut text = Tags::new(&keys(count)).write(Epoch(9), &positions).into_bytes();
            for at in 0..text.len() {
                let right = text[at];
                for &wrong in ALPHABET.iter().filter(|&&other| other != right) {
                    text[at] = wrong;
                    assert_eq!(Cursor::read(&text), None, "{count} keys, {wrong} at {at}");
                }
                text[at] = right;
            }
        }
    }

    proptest! {
        #![proptest_config(crate::mutation::config())]

        #[test]
        fn a_mutated_cursor_is_none_or_says_what_was_written((valid, text) in crate::mutation::mutated((any::<u32>(), prop::collection::vec((0..=MAX_MILLIS, 0..300_u64), 1..9)), |(epoch, positions)| {
            let positions: Vec<EventId> = positions.iter().map(|&(millis, sequence)| EventId::new(millis, sequence)).collect();
            Tags::new(&keys(positions.len())).write(Epoch(*epoch), &positions).into_bytes()
        })) {
            if let Some(cursor) = Cursor::read(&text) {
                let found = cursor.positions(&keys(8));
                prop_assert!(valid.iter().any(|(epoch, positions)| {
                    let mut written: Vec<Option<EventId>> = positions.iter().map(|&(millis, sequence)| Some(EventId::new(millis, sequence))).collect();
                    written.resize(8, None);
                    cursor.epoch() == Epoch(*epoch) && found == written
                }), "{cursor:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(epoch: u32, positions in prop::collection::vec((0..=MAX_MILLIS, any::<u64>()), 0..=64)) {
            let keys = keys(positions.len());
            let positions: Vec<EventId> = positions.into_iter().map(|(millis, sequence)| EventId::new(millis, sequence)).collect();
            let cursor = Cursor::read(Tags::new(&keys).write(Epoch(epoch), &positions).as_bytes()).unwrap();
            prop_assert_eq!(cursor.epoch(), Epoch(epoch));
            prop_assert_eq!(cursor.positions(&keys), positions.into_iter().map(Some).collect::<Vec<_>>());
        }

        #[test]
        fn any_cut_is_noticed(count in 1..10_usize, cut in 1..300_usize) {
            let text = Tags::new(&keys(count)).write(Epoch(9), &vec![EventId::new(1_767_225_600_000, 3); count]);
            if let Some(cut) = text.get(..text.len().saturating_sub(cut)) {
                prop_assert_eq!(Cursor::read(cut.as_bytes()), None);
            }
        }

        #[test]
        fn no_bytes_make_reading_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Cursor::read(&text);
        }
    }
}
