//! A recall as bytes: the FastCGI request that the hub sends to PHP-FPM, and what is answered (FastCGI
//! Specification 1.0, sections 3.4 and 5 to 6; RFC 3875, section 6, for the header that PHP writes).
//!
//! What the script says of the stream is the body: frames, and behind them a comment of ours, the trailer,
//! which tells where the client stands after them. It carries the call's own token, so that no code of the
//! application can write one. A body without it was cut: by a fatal error, or by `exit` in a closure.

use std::ops::Range;

use super::record::{CONTENT, END_REQUEST, HEADER, STDOUT, VERSION, header};

const BEGIN_REQUEST: u8 = 1;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const RESPONDER: u8 = 1;
const REQUEST: u16 = 1;
/// The parameter that makes a request a recall; its value is the call's token.
pub const PARAMETER: &[u8] = b"SSE_RECALL";
/// Bytes of a header, at most.
const MAX_HEAD: usize = 64 << 10;
/// Bytes of a body, at most: the largest event there may be, and what went with it.
const MAX_BODY: usize = sse_core::event::MAX_JSON + (1 << 20);
const TRAILER: &str = ": sse-recall ";
/// How a frame begins that has an id; PHP writes it first.
const ID: &[u8] = b"id: ";

/// Parameters of a request as FastCGI writes them, one behind the other.
#[must_use]
pub fn parameters<'p>(pairs: impl IntoIterator<Item = (&'p [u8], &'p [u8])>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in pairs {
        write_length(&mut bytes, name.len());
        write_length(&mut bytes, value.len());
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(value);
    }
    bytes
}

/// In one byte, or in four of which the first has its highest bit set.
fn write_length(bytes: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short @ 0..=127) => bytes.push(short),
        _ => bytes.extend((u32::try_from(length).unwrap_or(u32::MAX) | 1 << 31).to_be_bytes()),
    }
}

/// A whole request without a body; `parameters` are written as they are, one part behind the other.
#[must_use]
pub fn request(parameters: &[&[u8]]) -> Vec<u8> {
    let mut bytes = header(BEGIN_REQUEST, REQUEST, 8).to_vec();
    bytes.extend([0, RESPONDER, 0, 0, 0, 0, 0, 0]);
    let content = parameters.concat();
    for piece in content.chunks(CONTENT) {
        bytes.extend(header(PARAMS, REQUEST, u16::try_from(piece.len()).unwrap_or_default()));
        bytes.extend_from_slice(piece);
    }
    bytes.extend(header(PARAMS, REQUEST, 0));
    bytes.extend(header(STDIN, REQUEST, 0));
    bytes
}

/// What the script says where its client stands, for the end of the body.
#[must_use]
pub fn trailer(token: &str, cursor: &str) -> String {
    format!("{TRAILER}{token} {cursor}\n\n")
}

/// An answer as it comes in.
#[derive(Debug, Default)]
pub struct Answer {
    /// Bytes of a record that is not whole yet.
    partial: Vec<u8>,
    head: Vec<u8>,
    body: Vec<u8>,
    has_head: bool,
    is_over: bool,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Frames for the client, and the cursor behind them if the script came to its end.
    Frames {
        /// Whole frames, maybe none.
        frames: Vec<u8>,
        /// Where the client stands; without it, where the last frame's id says.
        cursor: Option<String>,
    },
    /// The application didn't stream: it answered with this status.
    Status(u16),
    /// The application answered with something else than a stream: a page to log in, for example.
    NoStream,
    /// It is no answer that a stream can have, and why.
    Broken(String),
}

impl Answer {
    /// Takes bytes as they come.
    ///
    /// # Errors
    /// What makes them no answer: another protocol, or more than there may be.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.partial.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((kind, content, next)) = record(&self.partial, at)? {
            match kind {
                STDOUT => {
                    let content = self.partial.get(content).unwrap_or_default();
                    if self.has_head {
                        self.body.extend_from_slice(content);
                    } else {
                        self.head.extend_from_slice(content);
                    }
                    self.split_head();
                    if self.body.len() > MAX_BODY || (!self.has_head && self.head.len() > MAX_HEAD) {
                        return Err(format!(
                            "the answer has more than {MAX_BODY} bytes, or a header without end"
                        ));
                    }
                }
                END_REQUEST => self.is_over = true,
                // What is on FCGI_STDERR is in PHP's own log too.
                _ => {}
            }
            at = next;
        }
        self.partial.drain(..at);
        Ok(())
    }

    /// Whether its header is there.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.has_head
    }

    /// Whether all of it is there.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    fn split_head(&mut self) {
        if self.has_head {
            return;
        }
        let end = memchr::memmem::find(&self.head, b"\r\n\r\n");
        if let Some(end) = end {
            self.body = self.head.split_off(end + 4);
            self.has_head = true;
        }
    }

    /// What it says, for the call with this token.
    #[must_use]
    pub fn outcome(self, token: &str) -> Outcome {
        if !self.has_head {
            return Outcome::Broken("PHP-FPM ended the request before it answered".into());
        }
        let (status, is_stream) = read_head(&self.head);
        if status != 200 {
            return Outcome::Status(status);
        }
        if !is_stream {
            return Outcome::NoStream;
        }
        let (frames, cursor) = match split_trailer(&self.body, token) {
            Some((frames, cursor)) => (frames, Some(cursor)),
            None => (whole_frames(&self.body), None),
        };
        if !frames.is_empty() && !frames.ends_with(b"\n\n") {
            return Outcome::Broken("the answer's last frame has no end".into());
        }
        Outcome::Frames { frames: frames.to_vec(), cursor }
    }
}

/// The record at `at`, if it is whole: its type, where its content is, and where the next begins.
fn record(bytes: &[u8], at: usize) -> Result<Option<(u8, Range<usize>, usize)>, String> {
    let Some(&[version, kind, _, _, high, low, padding, _]) =
        bytes.get(at..).and_then(|rest| rest.first_chunk::<HEADER>())
    else {
        return Ok(None);
    };
    if version != VERSION {
        return Err(format!("what was answered is no FastCGI: version {version}"));
    }
    let begin = at + HEADER;
    let end = begin + usize::from(u16::from_be_bytes([high, low]));
    let next = end + usize::from(padding);
    Ok((next <= bytes.len()).then_some((kind, begin..end, next)))
}

/// The status of a CGI header, and whether it is that of a stream.
fn read_head(head: &[u8]) -> (u16, bool) {
    let head = String::from_utf8_lossy(head);
    let mut status = 200;
    let mut is_stream = false;
    for (name, value) in head.split("\r\n").filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("Status") {
            status = value.trim().split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(500);
        } else if name.eq_ignore_ascii_case("Content-Type") {
            is_stream = value.trim().to_ascii_lowercase().starts_with("text/event-stream");
        }
    }
    (status, is_stream)
}

/// The frames before the trailer, and what that says, if it is there and ours.
fn split_trailer<'b>(body: &'b [u8], token: &str) -> Option<(&'b [u8], String)> {
    let mark = format!("{TRAILER}{token} ");
    let at = memchr::memmem::rfind(body, mark.as_bytes())?;
    let (frames, trailer) = body.split_at_checked(at)?;
    let cursor = trailer.get(mark.len()..)?.strip_suffix(b"\n\n")?;
    Some((frames, std::str::from_utf8(cursor).ok()?.to_owned()))
}

/// Whole frames, one after the other: the id of each, if it has one, and what follows its line.
pub fn frames(frames: &[u8]) -> impl DoubleEndedIterator<Item = (Option<&str>, &[u8])> {
    let ends = memchr::memmem::find_iter(frames, b"\n\n").map(|at| at + 2).collect::<Vec<_>>();
    let begins: Vec<usize> = std::iter::once(0).chain(ends.iter().copied()).collect();
    begins.into_iter().zip(ends).map(|(begin, end)| {
        let frame = frames.get(begin..end).unwrap_or_default();
        let id = frame.strip_prefix(ID).and_then(|rest| rest.get(..memchr::memchr(b'\n', rest)?));
        match id.and_then(|id| std::str::from_utf8(id).ok()) {
            Some(id) => (Some(id), frame.get(ID.len() + id.len() + 1..).unwrap_or_default()),
            None => (None, frame),
        }
    })
}

/// The id of the last frame that has one: where the client stands behind them.
#[must_use]
pub fn last_id(body: &[u8]) -> Option<String> {
    frames(body).rev().find_map(|(id, _)| id).map(str::to_owned)
}

/// What of a body that was cut is whole frames.
fn whole_frames(body: &[u8]) -> &[u8] {
    let end = memchr::memmem::rfind(body, b"\n\n").map_or(0, |at| at + 2);
    body.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn answer(records: &[(u8, &[u8])], piece: usize) -> Result<Answer, String> {
        let mut bytes = Vec::new();
        for (kind, content) in records {
            bytes.extend(header(*kind, REQUEST, u16::try_from(content.len()).unwrap()));
            bytes.extend_from_slice(content);
        }
        let mut answer = Answer::default();
        for piece in bytes.chunks(piece) {
            answer.take(piece)?;
        }
        Ok(answer)
    }

    fn stream_of(body: &str) -> Vec<u8> {
        format!("X-Powered-By: PHP\r\nContent-type: text/event-stream;charset=UTF-8\r\n\r\n{body}")
            .into_bytes()
    }

    fn outcome(head_and_body: &[u8]) -> Outcome {
        answer(&[(STDOUT, head_and_body), (STDOUT, b""), (END_REQUEST, &[0; 8])], 7).unwrap().outcome(TOKEN)
    }

    /// The records of a request, read by the specification.
    fn read_back(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let (mut records, mut at) = (Vec::new(), 0);
        while let Some((kind, content, next)) = record(bytes, at).unwrap() {
            records.push((kind, bytes[content].to_vec()));
            at = next;
        }
        assert_eq!(at, bytes.len());
        records
    }

    #[test]
    fn a_request_has_its_parameters_and_no_body() {
        let first = parameters([(b"A".as_slice(), b"1".as_slice())]);
        let second = parameters([(b"LONG".as_slice(), [b'x'; 200].as_slice())]);
        let records = read_back(&request(&[&first, &second]));
        let kinds: Vec<u8> = records.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [BEGIN_REQUEST, PARAMS, PARAMS, STDIN]);
        assert_eq!(records[1].1, [b"\x01\x01A1\x04\x80\0\0\xc8LONG".as_slice(), &[b'x'; 200]].concat());
        assert!(records[2].1.is_empty() && records[3].1.is_empty());
    }

    #[test]
    fn parameters_that_one_record_cannot_hold_are_spread_over_several() {
        let large = vec![b'x'; 2 * CONTENT];
        let all = parameters([(b"A".as_slice(), large.as_slice())]);
        let content: Vec<u8> = read_back(&request(&[&all]))
            .into_iter()
            .filter(|(kind, _)| *kind == PARAMS)
            .flat_map(|(_, content)| content)
            .collect();
        assert_eq!(content, all);
    }

    #[test]
    fn frames_come_without_header_and_trailer() {
        let frames = "id: c1\nevent: message\ndata: 1\n\n";
        assert_eq!(
            outcome(&stream_of(&format!("{frames}{}", trailer(TOKEN, "c2")))),
            Outcome::Frames { frames: frames.into(), cursor: Some("c2".into()) }
        );
    }

    #[test]
    fn a_trailer_of_another_token_is_a_comment() {
        let forged = trailer("guessed", "c9");
        assert_eq!(outcome(&stream_of(&forged)), Outcome::Frames { frames: forged.into(), cursor: None });
    }

    #[test]
    fn of_a_body_that_was_cut_whole_frames_are_left() {
        assert_eq!(
            outcome(&stream_of("id: c1\ndata: 1\n\nid: c2\nda")),
            Outcome::Frames { frames: b"id: c1\ndata: 1\n\n".to_vec(), cursor: None }
        );
    }

    #[test]
    fn what_is_no_stream_says_what_it_is() {
        assert_eq!(
            outcome(b"Status: 403 Forbidden\r\nContent-type: text/html\r\n\r\nno"),
            Outcome::Status(403)
        );
        assert_eq!(outcome(b"Status: 302 Found\r\nLocation: /login\r\n\r\n"), Outcome::Status(302));
        assert_eq!(outcome(b"Content-type: text/html\r\n\r\n<p>"), Outcome::NoStream);
        assert!(matches!(outcome(b""), Outcome::Broken(_)));
    }

    #[test]
    fn the_last_id_of_frames_is_no_text_in_their_data() {
        assert_eq!(
            last_id(b"id: c1\ndata: 1\n\nid: c2\nevent: e\ndata: id: c3\n\n: heartbeat\n\n"),
            Some("c2".into())
        );
        assert_eq!(last_id(b": comment\n\n"), None);
    }

    #[test]
    fn frames_are_taken_apart_by_their_ids() {
        let body = b"id: c1\nevent: e\ndata: 1\ndata: 2\n\n: heartbeat\n\nid: c2\ndata: 3\n\n";
        let expected: [(Option<&str>, &[u8]); 3] = [
            (Some("c1"), b"event: e\ndata: 1\ndata: 2\n\n"),
            (None, b": heartbeat\n\n"),
            (Some("c2"), b"data: 3\n\n"),
        ];
        assert_eq!(frames(body).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_no_fastcgi_is_refused() {
        assert!(Answer::default().take(b"HTTP/1.1 200 OK\r\n").is_err());
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(piece in 1..60_usize, cut in 1..80_usize) {
            let body = stream_of(&format!("id: c1\ndata: 1\n\n{}", trailer(TOKEN, "c2")));
            let (first, second) = body.split_at(cut.min(body.len() - 1));
            let got = answer(&[(STDOUT, first), (7, b"PHP notice"), (STDOUT, second), (END_REQUEST, &[0; 8])], piece).unwrap();
            prop_assert!(got.is_over());
            prop_assert_eq!(got.outcome(TOKEN), Outcome::Frames { frames: b"id: c1\ndata: 1\n\n".to_vec(), cursor: Some("c2".into()) });
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut answer = Answer::default();
            if answer.take(&bytes).is_ok() {
                let _ = answer.outcome(TOKEN);
            }
        }
    }
}
