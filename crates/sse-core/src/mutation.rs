//! What chance, a bad disk or a hand may make of valid bytes: for the tests of all that reads bytes, in this crate and
//! in `sse-hub`.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

/// Many cases, the same in each run: a checksum lets one in millions pass, and no run is to fail by chance. The fuzz
/// targets look for new ones.
pub fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 3_000,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

#[derive(Clone, Debug)]
enum Change {
    /// Another byte, by what is XORed.
    Flip(Index, u8),
    /// So many bytes less.
    Cut(Index, usize),
    /// The end is missing.
    End(Index),
    /// More bytes.
    Insert(Index, Vec<u8>),
    /// A part of other valid bytes, in place of as many or between.
    Splice(Index, Index, usize, bool),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), 1..=255_u8).prop_map(|(at, bits)| Change::Flip(at, bits)),
        2 => (at(), 1..20_usize).prop_map(|(at, length)| Change::Cut(at, length)),
        1 => at().prop_map(Change::End),
        2 => (at(), prop::collection::vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (at(), at(), 1..60_usize, any::<bool>())
            .prop_map(|(at, from, length, between)| Change::Splice(at, from, length, between)),
    ]
}

fn apply(bytes: &mut Vec<u8>, other: &[u8], change: &Change) {
    let len = bytes.len();
    match change {
        Change::Flip(at, bits) if len > 0 => bytes[at.index(len)] ^= bits,
        Change::Flip(..) => {}
        Change::Cut(at, length) => {
            let at = at.index(len + 1);
            bytes.drain(at..len.min(at + length));
        }
        Change::End(at) => bytes.truncate(at.index(len + 1)),
        Change::Insert(at, more) => {
            drop(bytes.splice(at.index(len + 1)..at.index(len + 1), more.iter().copied()))
        }
        Change::Splice(at, from, length, between) => {
            let (at, from) = (at.index(len + 1), from.index(other.len() + 1));
            let part = &other[from..other.len().min(from + length)];
            let end = if *between { at } else { len.min(at + part.len()) };
            bytes.splice(at..end, part.iter().copied());
        }
    }
}

/// Two valid ones, and what became of the first by a few changes.
pub fn mutated<T: std::fmt::Debug>(
    valid: impl Strategy<Value = T>,
    bytes: impl Fn(&T) -> Vec<u8>,
) -> impl Strategy<Value = ([T; 2], Vec<u8>)> {
    (prop::array::uniform2(valid), prop::collection::vec(change(), 1..5)).prop_map(move |(valid, changes)| {
        let (mut mutated, other) = (bytes(&valid[0]), bytes(&valid[1]));
        changes.iter().for_each(|change| apply(&mut mutated, &other, change));
        (valid, mutated)
    })
}
