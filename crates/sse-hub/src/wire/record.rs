//! FastCGI records: the bytes between the web server and us (FastCGI Specification 1.0, section 3.3).
//!
//! ```text
//! version 1 | type | request id (2) | content length (2) | padding length | reserved
//! content
//! ```
//! We write FCGI_STDOUT and FCGI_END_REQUEST, and something behind that. Of what the web server still
//! sends (the rest of FCGI_STDIN) only FCGI_ABORT_REQUEST matters; everything else is read and dropped.

/// Bytes of a record's header.
pub const HEADER: usize = 8;
/// Content of one record, at most; a multiple of eight, so that no padding is due.
pub const CONTENT: usize = 65_528;

pub(super) const VERSION: u8 = 1;
const ABORT_REQUEST: u8 = 2;
pub(super) const END_REQUEST: u8 = 3;
pub(super) const STDOUT: u8 = 6;
const GET_VALUES_RESULT: u8 = 10;
/// The request id of records that belong to no request.
const MANAGEMENT: u16 = 0;
/// The highest type there is, FCGI_UNKNOWN_TYPE.
const LAST_TYPE: u8 = 11;

/// The header of a record of output; `length` is at most [`CONTENT`].
#[must_use]
pub fn output(request: u16, length: usize) -> [u8; HEADER] {
    header(STDOUT, request, u16::try_from(length).unwrap_or(u16::MAX))
}

/// What ends a response: an empty record of output, and the request's end with status 0. They are to be
/// written at once.
///
/// The connection is closed then, but a web server that keeps its connections to PHP may send another
/// request on it before it sees that, and the request would be lost. With `and_more` nginx does not: it
/// gives up a connection on which anything follows the request's end. What follows is an answer about the
/// application that says nothing (FCGI_GET_VALUES_RESULT). Apache takes bytes that it hasn't read for a
/// sign of life, so it must get none.
#[must_use]
pub fn end(request: u16, and_more: bool) -> Vec<u8> {
    let mut bytes = header(STDOUT, request, 0).to_vec();
    bytes.extend(header(END_REQUEST, request, 8));
    bytes.extend([0; 8]);
    if and_more {
        bytes.extend(header(GET_VALUES_RESULT, 0, 0));
    }
    bytes
}

pub(super) fn header(kind: u8, request: u16, length: u16) -> [u8; HEADER] {
    let [request_high, request_low] = request.to_be_bytes();
    let [length_high, length_low] = length.to_be_bytes();
    [VERSION, kind, request_high, request_low, length_high, length_low, 0, 0]
}

/// Reads what the web server sends, in pieces of any size.
#[derive(Debug)]
pub struct Input {
    request: u16,
    header: [u8; HEADER],
    /// Bytes of the header that are there.
    filled: u8,
    /// Bytes of content and padding still to come.
    rest: u32,
    /// We are not where records begin, since the script had read half of one: all of it is dropped.
    /// The client's leaving shows on the connection itself.
    lost: bool,
}

impl Input {
    /// What is left of a request's input; `at_record` if its first byte begins a record.
    #[must_use]
    pub fn new(request: u16, at_record: bool) -> Self {
        Self { request, header: [0; HEADER], filled: 0, rest: 0, lost: !at_record }
    }

    /// Takes bytes; true if the web server wants the request to end.
    pub fn take(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() && !self.lost {
            let skipped = bytes.len().min(self.rest as usize);
            self.rest -= u32::try_from(skipped).unwrap_or(self.rest);
            bytes = bytes.get(skipped..).unwrap_or_default();
            let Some((&byte, rest)) = bytes.split_first() else { break };
            bytes = rest;
            if let Some(place) = self.header.get_mut(usize::from(self.filled)) {
                *place = byte;
            }
            self.filled += 1;
            if usize::from(self.filled) < HEADER {
                continue;
            }
            self.filled = 0;
            let [version, kind, id_high, id_low, length_high, length_low, padding, _] = self.header;
            let id = u16::from_be_bytes([id_high, id_low]);
            let length = u16::from_be_bytes([length_high, length_low]);
            if version != VERSION || kind == 0 || kind > LAST_TYPE || (id != self.request && id != MANAGEMENT)
            {
                self.lost = true;
            } else if kind == ABORT_REQUEST && id == self.request && length == 0 {
                return true;
            }
            self.rest = u32::from(length) + u32::from(padding);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ABORT: [u8; 8] = [1, 2, 0, 1, 0, 0, 0, 0];

    fn record(kind: u8, length: usize, padding: u8) -> Vec<u8> {
        let mut bytes = header(kind, 1, u16::try_from(length).unwrap()).to_vec();
        bytes[6] = padding;
        bytes.resize(HEADER + length + usize::from(padding), 1);
        bytes
    }

    #[test]
    fn the_end_is_an_empty_output_and_status_0() {
        assert_eq!(end(258, false), [1, 6, 1, 2, 0, 0, 0, 0, 1, 3, 1, 2, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn behind_the_end_stands_a_record_of_no_request() {
        assert_eq!(end(258, true), [end(258, false), vec![1, 10, 0, 0, 0, 0, 0, 0]].concat());
    }

    #[test]
    fn bytes_that_are_no_records_are_dropped() {
        let mut input = Input::new(1, true);
        assert!(!input.take(b"what is not as the specification has it"));
        assert!(!input.take(&ABORT));
    }

    #[test]
    fn a_body_that_was_half_read_aborts_nothing_whatever_it_holds() {
        assert!(!Input::new(1, false).take(&ABORT));
    }

    #[test]
    fn a_body_is_no_abort() {
        let mut input = Input::new(1, true);
        assert!(!input.take(&header(5, 1, 16)));
        assert!(!input.take(&[ABORT, ABORT].concat()));
        assert!(input.take(&ABORT));
    }

    #[test]
    fn an_abort_of_another_request_or_with_content_is_none() {
        assert!(!Input::new(2, true).take(&ABORT));
        assert!(!Input::new(1, true).take(&record(ABORT_REQUEST, 8, 0)));
        assert!(!Input::new(1, true).take(&header(ABORT_REQUEST, MANAGEMENT, 0)));
    }

    /// Whether input is taken for the end of its request, in pieces of this size.
    fn is_ended(bytes: &[u8], size: usize) -> bool {
        let mut input = Input::new(1, true);
        bytes.chunks(size).any(|piece| input.take(piece))
    }

    proptest! {
        #![proptest_config(crate::mutation::config())]

        #[test]
        fn mutated_input_ends_a_request_only_by_an_abort_and_alike_in_all_pieces((_, bytes) in crate::mutation::mutated(prop::collection::vec((2..=8_u8, 0..70_usize, 0..20_u8), 1..6), |records| {
            records.iter().flat_map(|&(kind, length, padding)| record(kind, length, padding)).collect()
        }), size in 1..50_usize) {
            let ended = is_ended(&bytes, bytes.len().max(1));
            prop_assert_eq!(is_ended(&bytes, size), ended);
            prop_assert!(!ended || bytes.windows(6).any(|start| start == &ABORT[..6]));
        }
    }

    proptest! {
        #[test]
        fn an_abort_is_seen_behind_any_input_in_any_pieces(records in prop::collection::vec((4..=8_u8, 0..70_usize, 0..20_u8), 0..5), size in 1..50_usize) {
            let mut bytes: Vec<u8> = records.iter().flat_map(|&(kind, length, padding)| record(kind, length, padding)).collect();
            let mut input = Input::new(1, true);
            for piece in bytes.chunks(size) {
                prop_assert!(!input.take(piece));
            }
            bytes.extend(ABORT);
            let mut input = Input::new(1, true);
            prop_assert!(bytes.chunks(size).any(|piece| input.take(piece)));
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at_record in any::<bool>()) {
            Input::new(1, at_record).take(&bytes);
        }
    }
}
