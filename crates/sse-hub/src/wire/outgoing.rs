//! A frame on its way out: whose bytes are shared, and how far it got.
//!
//! Streams that are at the same place share the head (the `id:` line) and the body; their own are
//! the record headers and the number of bytes sent.

use std::io::IoSlice;
use std::rc::Rc;

use super::record::{self, CONTENT, HEADER};

/// Records described by one write.
const RECORDS: usize = 4;

/// A frame, and how much of it was written.
#[derive(Clone, Debug)]
pub struct Outgoing {
    head: Rc<[u8]>,
    body: Rc<[u8]>,
    /// Bytes on the wire so far, record headers among them.
    sent: usize,
    /// Whether the body is records already.
    raw: bool,
}

impl Outgoing {
    /// A frame of two parts.
    #[must_use]
    pub fn new(head: Rc<[u8]>, body: Rc<[u8]>) -> Self {
        Self { head, body, sent: 0, raw: false }
    }

    /// A frame of one part.
    #[must_use]
    pub fn whole(bytes: &[u8]) -> Self {
        Self::new(Rc::from([]), Rc::from(bytes))
    }

    /// Records, as they are.
    #[must_use]
    pub fn records(bytes: &[u8]) -> Self {
        Self { raw: true, ..Self::whole(bytes) }
    }

    /// Its bytes, without record headers.
    #[must_use]
    pub fn length(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// The frame behind others, its body shared as before.
    #[must_use]
    pub fn behind(&self, frames: &[u8]) -> Self {
        Self::new([frames, &self.head].concat().into(), Rc::clone(&self.body))
    }

    /// Appends the frame to others.
    pub fn append_to(&self, frames: &mut Vec<u8>) {
        frames.extend_from_slice(&self.head);
        frames.extend_from_slice(&self.body);
    }

    /// Notes that so many bytes were written.
    pub fn advance(&mut self, written: usize) {
        self.sent += written;
    }

    /// Whether all of it is written.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.sent >= self.wire_length()
    }

    /// Hands what is to be written next to `write`, as the records of this request.
    pub fn with_slices<R>(&self, request: u16, write: impl FnOnce(&[IoSlice<'_>]) -> R) -> R {
        if self.raw {
            return write(&[IoSlice::new(self.body.get(self.sent..).unwrap_or_default())]);
        }
        let length = self.length();
        let mut headers = [[0; HEADER]; RECORDS];
        let first = self.sent / (HEADER + CONTENT);
        for (index, header) in headers.iter_mut().enumerate() {
            let begin = (first + index) * CONTENT;
            *header = record::output(request, length.saturating_sub(begin).min(CONTENT));
        }
        let mut slices: [IoSlice<'_>; RECORDS * 3] = std::array::from_fn(|_| IoSlice::new(&[]));
        let mut count = 0;
        let mut skip = self.sent % (HEADER + CONTENT);
        for (index, header) in headers.iter().enumerate() {
            let begin = (first + index) * CONTENT;
            if begin >= length {
                break;
            }
            let end = (begin + CONTENT).min(length);
            for part in [
                header.as_slice(),
                cut(&self.head, begin, end, 0),
                cut(&self.body, begin, end, self.head.len()),
            ] {
                let skipped = skip.min(part.len());
                skip -= skipped;
                let part = part.get(skipped..).unwrap_or_default();
                if let (false, Some(slice)) = (part.is_empty(), slices.get_mut(count)) {
                    *slice = IoSlice::new(part);
                    count += 1;
                }
            }
        }
        write(slices.get(..count).unwrap_or_default())
    }

    fn wire_length(&self) -> usize {
        let length = self.length();
        if self.raw {
            return length;
        }
        length + length.div_ceil(CONTENT) * HEADER
    }
}

/// What of a part that begins at `at` lies between `begin` and `end`.
fn cut(part: &[u8], begin: usize, end: usize, at: usize) -> &[u8] {
    let from = begin.saturating_sub(at).min(part.len());
    let to = end.saturating_sub(at).min(part.len());
    part.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a web server makes of the records: the output, joined.
    fn contents(mut bytes: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some((header, rest)) = bytes.split_first_chunk::<8>() {
            assert_eq!(header[..4], [1, 6, 0, 7]);
            let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
            assert!(length > 0, "an empty record would end the output");
            all.extend_from_slice(&rest[..length]);
            bytes = &rest[length + usize::from(header[6])..];
        }
        assert!(bytes.is_empty());
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn partial_writes_keep_record_and_frame_whole(head in 0..100_usize, body in prop_oneof![1..300_usize, 65_000..66_000_usize, 130_000..200_000_usize], step in prop_oneof![1_usize..40, 60_000..300_000_usize]) {
            let head: Vec<u8> = (0..head).map(|at| at as u8).collect();
            let body: Vec<u8> = (0..body).map(|at| (at * 7) as u8).collect();
            // Small steps through a large body take too long.
            let step = step.max(body.len() / 100);
            let mut outgoing = Outgoing::new(head.as_slice().into(), body.as_slice().into());
            let mut wire = Vec::new();
            while !outgoing.is_done() {
                let before = wire.len();
                outgoing.with_slices(7, |slices| {
                    let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
                    assert!(!all.is_empty());
                    wire.extend_from_slice(&all[..all.len().min(step)]);
                });
                outgoing.advance(wire.len() - before);
            }
            prop_assert_eq!(contents(&wire), [head, body].concat());
        }
    }
}
