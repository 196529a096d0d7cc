//! The bytes of a log: one file a key, one line an event, readable with `tail -f`.
//!
//! ```text
//! sse-log 1 <epoch> <trimmed_through> <last_id> <key> <crc32>\n
//! <id> <flags> <length> <crc32> <json>\n
//! ```
//! - `epoch`: 8 hex digits, that of the store; `key`: percent-encoded;
//! - `trimmed_through`: the last id that was dropped; `last_id`: the last id when the file was made;
//! - `flags`: `-`, or, joined by commas, `n=<name>` (percent-encoded), `c=<offset>+<length>` (the
//!   bytes of the JSON that are left out on the wire), `x` (external: the JSON is a reference) and
//!   `t=<milliseconds since 1970>` (when it was stored, where the id's milliseconds are more than a second away);
//! - `length`: bytes of the JSON;
//! - `crc32`: 8 hex digits, PHP's `crc32b`, over the line without the checksum and the space before
//!   it.
//!
//! A line's name has at most [`MAX_NAME_BYTES`] bytes before it is encoded and its JSON at most
//! [`MAX_JSON`], so a line that goes on for longer than its own head says is damage, however long it is.
//!
//! A later format keeps the first two fields of the header and its checksum at the end, so that a
//! damaged digit isn't taken for one.
//!
//! The plain PHP library writes and reads the same bytes.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

use crate::cursor::Epoch;
use crate::event::{Draft, Event, EventName, MAX_JSON, MAX_NAME_BYTES};
use crate::id::{EventId, MAX_MILLIS};
use crate::key::Key;

/// The format we write and the newest we read.
pub const FORMAT: u64 = 1;
/// A header line is never longer: three bytes for each byte of a key, and the rest.
pub const MAX_HEADER: usize = 4_096;
/// What stands before an event's JSON is never longer: three bytes for each byte of a name, and the rest.
pub const MAX_HEAD: usize = 3 * MAX_NAME_BYTES + 1_024;

const MAGIC: &str = "sse-log";
/// What PHP's `rawurlencode` leaves alone (RFC 3986, "unreserved").
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The first line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The store the log was made in.
    pub epoch: Epoch,
    /// The last id that was dropped; `last_id` of an older file of this key, if none was.
    pub trimmed_through: EventId,
    /// The last id when the file was made.
    pub last_id: EventId,
    /// The key, whole.
    pub key: Key,
}

/// What the first line of a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstLine {
    /// A header, and its length with the LF.
    Header(Header, u64),
    /// A header of a later format.
    Newer(u64),
    /// Neither; where the events begin, as far as one can tell.
    Damaged(u64),
}

/// The header's line, with its LF.
pub fn write_header(header: &Header) -> Vec<u8> {
    let Header { epoch, trimmed_through, last_id, key } = header;
    let key = percent_encode(key.as_bytes(), UNRESERVED);
    let line = format!("{MAGIC} {FORMAT} {:08x} {trimmed_through} {last_id} {key}", epoch.0);
    let crc = crc32fast::hash(line.as_bytes());
    format!("{line} {crc:08x}\n").into_bytes()
}

/// Reads the header from the first bytes of a file ([`MAX_HEADER`] of them, or all).
pub fn read_header(bytes: &[u8]) -> FirstLine {
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return FirstLine::Damaged(0);
    };
    let line = bytes.get(..end).unwrap_or_default();
    if let Some(header) = header(line) {
        return header.map_or_else(FirstLine::Newer, |header| FirstLine::Header(header, end as u64 + 1));
    }
    // A log whose header was cut out begins with an event.
    FirstLine::Damaged(if read_line(line).is_some() { 0 } else { end as u64 + 1 })
}

fn header(line: &[u8]) -> Option<Result<Header, u64>> {
    let text = std::str::from_utf8(line).ok()?;
    let (body, crc) = text.rsplit_once(' ')?;
    if read_crc(crc.as_bytes())? != crc32fast::hash(body.as_bytes()) {
        return None;
    }
    let mut fields = body.strip_prefix(MAGIC)?.strip_prefix(' ')?.split(' ');
    let format: u64 = fields.next()?.parse().ok()?;
    if format > FORMAT {
        return Some(Err(format));
    }
    let header = Header {
        epoch: Epoch(u32::from_str_radix(fields.next()?, 16).ok()?),
        trimmed_through: fields.next()?.parse().ok()?,
        last_id: fields.next()?.parse().ok()?,
        key: Key::new(&percent_decode(fields.next()?.as_bytes()).collect::<Vec<u8>>()).ok()?,
    };
    fields.next().is_none().then_some(Ok(header))
}

/// The line of an event that is stored at `now_millis`, with its LF.
pub fn write_line(id: EventId, now_millis: u64, draft: &Draft) -> Vec<u8> {
    let head = format!("{id} {} {}", write_flags(draft, id.time_apart(now_millis)), draft.json.len());
    let mut crc = crc32fast::Hasher::new();
    crc.update(head.as_bytes());
    crc.update(b" ");
    crc.update(&draft.json);
    let mut line = Vec::with_capacity(head.len() + draft.json.len() + 11);
    line.extend_from_slice(head.as_bytes());
    line.extend_from_slice(format!(" {:08x} ", crc.finalize()).as_bytes());
    line.extend_from_slice(&draft.json);
    line.push(b'\n');
    line
}

fn write_flags(draft: &Draft, time: Option<u64>) -> String {
    let name =
        draft.name.as_ref().map(|name| format!("n={}", percent_encode(name.as_str().as_bytes(), UNRESERVED)));
    let cut = draft.cut.as_ref().map(|cut| format!("c={}+{}", cut.start, cut.len()));
    let external = draft.external.then(|| "x".to_owned());
    let time = time.map(|millis| format!("t={millis}"));
    let flags: Vec<String> = [name, cut, external, time].into_iter().flatten().collect();
    if flags.is_empty() { "-".into() } else { flags.join(",") }
}

/// An event's line, read but not copied.
pub struct Line<'a> {
    /// The event's id.
    pub id: EventId,
    flags: &'a [u8],
    json: &'a [u8],
}

impl Line<'_> {
    /// The event; `None` if its flags can't be what we wrote, which the checksum all but rules out.
    pub fn event(&self) -> Option<Event> {
        let draft = Draft { name: None, cut: None, json: self.json.to_vec(), external: false };
        let draft = read_flags(self.flags, draft)?;
        Some(Event { id: self.id, stored_millis: self.stored_millis(), draft })
    }

    /// When it was stored, in milliseconds since 1970.
    pub fn stored_millis(&self) -> u64 {
        let time =
            self.flags.split(|&byte| byte == b',').find_map(|flag| read_time(flag.strip_prefix(b"t=")?));
        time.unwrap_or(self.id.millis)
    }
}

/// Reads a line (without its LF); `None` is damage.
pub fn read_line(line: &[u8]) -> Option<Line<'_>> {
    let mut fields = line.splitn(5, |&byte| byte == b' ');
    let (id, flags, length, crc, json) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let length: usize = text(length)?.parse().ok()?;
    let crc = read_crc(crc)?;
    if json.len() != length {
        return None;
    }
    let mut found = crc32fast::Hasher::new();
    found.update(line.get(..line.len() - json.len() - 10)?);
    found.update(b" ");
    found.update(json);
    if found.finalize() != crc {
        return None;
    }
    Some(Line { id: text(id)?.parse().ok()?, flags, json })
}

/// How long a line that begins so can be at most, without its LF: its head tells. 0 if it can't be a line.
pub fn most(begun: &[u8]) -> usize {
    let head = begun.get(..MAX_HEAD).unwrap_or(begun);
    let mut fields = head.splitn(5, |&byte| byte == b' ');
    match (fields.nth(2), fields.nth(1)) {
        (Some(length), Some(json)) => match text(length).and_then(|text| text.parse::<usize>().ok()) {
            Some(length) if length <= MAX_JSON => head.len() - json.len() + length,
            _ => 0,
        },
        _ if head.len() < MAX_HEAD => MAX_HEAD + MAX_JSON,
        _ => 0,
    }
}

fn read_flags(flags: &[u8], mut draft: Draft) -> Option<Draft> {
    if flags == b"-" {
        return Some(draft);
    }
    for flag in text(flags)?.split(',') {
        match flag.split_once('=') {
            Some(("n", value)) => {
                draft.name =
                    Some(EventName::stored(&percent_decode(value.as_bytes()).collect::<Vec<u8>>()).ok()?)
            }
            Some(("c", value)) => {
                let (start, length) = value.split_once('+')?;
                let (start, length): (usize, usize) = (start.parse().ok()?, length.parse().ok()?);
                let end = start.checked_add(length).filter(|&end| end <= draft.json.len())?;
                draft.cut = Some(start..end);
            }
            Some(("t", value)) => drop(read_time(value.as_bytes())?),
            None if flag == "x" => draft.external = true,
            _ => return None,
        }
    }
    Some(draft)
}

fn read_time(digits: &[u8]) -> Option<u64> {
    text(digits)?.parse().ok().filter(|millis| *millis <= MAX_MILLIS)
}

/// What the bytes after the last LF are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// The whole line, but for its LF: the event is complete.
    Whole,
    /// A line whose writer was stopped; nobody was told that it is stored.
    Torn,
    /// Bytes that no writer leaves: damage.
    Damaged,
}

/// Looks at the bytes after the last LF; there is at least one.
pub fn read_tail(tail: &[u8]) -> Tail {
    if read_line(tail).is_some() {
        return Tail::Whole;
    }
    if tail.len() > most(tail) {
        return Tail::Damaged;
    }
    let mut fields = tail.splitn(5, |&byte| byte == b' ');
    let begun =
        |field: Option<&[u8]>, allowed: fn(&u8) -> bool| field.is_none_or(|field| field.iter().all(allowed));
    let id = begun(fields.next(), |byte| byte.is_ascii_digit() || *byte == b'-');
    let flags = begun(fields.next(), |byte| byte.is_ascii_graphic());
    let length = fields.next();
    let crc = begun(fields.next(), u8::is_ascii_hexdigit);
    let short = match (fields.next(), length.and_then(text).and_then(|text| text.parse::<usize>().ok())) {
        (Some(json), Some(length)) => json.len() < length,
        (Some(_), None) => false,
        (None, _) => begun(length, u8::is_ascii_digit),
    };
    if id && flags && crc && short { Tail::Torn } else { Tail::Damaged }
}

/// A checksum as we write it: eight lower-case hex digits.
pub fn read_crc(digits: &[u8]) -> Option<u32> {
    let ours = digits.len() == 8 && !digits.iter().any(|byte| b"+ABCDEF".contains(byte));
    let text = text(digits).filter(|_| ours)?;
    u32::from_str_radix(text, 16).ok()
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draft() -> impl Strategy<Value = Draft> {
        let cut = prop::option::of((0..10_usize, 0..10_usize));
        ("[^\n]{0,40}", prop::option::of("[^\r\n\0]{1,12}"), cut, any::<bool>()).prop_map(
            |(json, name, cut, external)| {
                let cut =
                    cut.map(|(start, length)| start..start + length).filter(|cut| cut.end <= json.len());
                Draft {
                    name: name.map(|name| EventName::new(name.as_bytes()).unwrap()),
                    cut,
                    json: json.into(),
                    external,
                }
            },
        )
    }

    fn line() -> impl Strategy<Value = (Event, Vec<u8>)> {
        ((0..1_u64 << 45, 0..9_u64), 0..3_u64, draft()).prop_map(|((millis, sequence), behind, draft)| {
            let (id, stored_millis) =
                (EventId::new(millis, sequence), millis.saturating_sub(behind * 10_000));
            let bytes = write_line(id, stored_millis, &draft);
            (Event { id, stored_millis, draft }, bytes)
        })
    }

    proptest! {
        #[test]
        fn reading_a_line_undoes_writing((event, bytes) in line()) {
            let (lf, line) = bytes.split_last().unwrap();
            prop_assert_eq!(*lf, b'\n');
            prop_assert_eq!(read_line(line).and_then(|line| line.event()), Some(event));
        }

        #[test]
        fn any_changed_byte_is_noticed((_, bytes) in line(), at: prop::sample::Index, flip in 1..=255_u8) {
            let mut line = bytes[..bytes.len() - 1].to_vec();
            let at = at.index(line.len());
            line[at] ^= flip;
            prop_assert!(read_line(&line).is_none());
        }

        #[test]
        fn any_cut_is_a_torn_tail((_, bytes) in line(), at: prop::sample::Index) {
            let cut = 1 + at.index(bytes.len() - 1);
            let expected = if cut == bytes.len() - 1 { Tail::Whole } else { Tail::Torn };
            prop_assert_eq!(read_tail(&bytes[..cut]), expected);
        }

        #[test]
        fn reading_a_header_undoes_writing(epoch: u32, ids in prop::array::uniform2((0..1_u64 << 45, any::<u64>())), key in prop::collection::vec(1..=255_u8, 1..=1_024)) {
            let [trimmed_through, last_id] = ids.map(|(millis, sequence)| EventId::new(millis, sequence));
            let header = Header { epoch: Epoch(epoch), trimmed_through, last_id, key: Key::new(&key).unwrap() };
            let bytes = write_header(&header);
            prop_assert!(bytes.len() <= MAX_HEADER);
            prop_assert_eq!(read_header(&bytes), FirstLine::Header(header, bytes.len() as u64));
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes in prop::collection::vec(prop::sample::select(b"sse-log 1 0-9,c=+n%\n".to_vec()), 0..80)) {
            let _ = (read_header(&bytes), read_line(&bytes), read_tail(&bytes));
        }
    }

    /// A log of three events, and those.
    fn log() -> impl Strategy<Value = (Header, Vec<(Event, Vec<u8>)>)> {
        (any::<u32>(), prop::collection::vec(1..=255_u8, 1..20), prop::collection::vec(line(), 3)).prop_map(
            |(epoch, key, lines)| {
                let [trimmed_through, last_id] = [EventId::new(1, 0), EventId::new(2, 0)];
                let key = Key::new(&key).unwrap();
                (Header { epoch: Epoch(epoch), trimmed_through, last_id, key }, lines)
            },
        )
    }

    fn log_bytes((header, lines): &(Header, Vec<(Event, Vec<u8>)>)) -> Vec<u8> {
        lines.iter().fold(write_header(header), |log, (_, line)| [log.as_slice(), line].concat())
    }

    proptest! {
        #![proptest_config(crate::mutation::config())]

        #[test]
        fn a_mutated_line_is_damage_or_says_what_was_written((valid, line) in crate::mutation::mutated(line(), |(_, bytes)| bytes[..bytes.len() - 1].to_vec())) {
            if let Some(read) = read_line(&line) {
                let event = read.event();
                prop_assert!(valid.iter().any(|(written, _)| event.as_ref() == Some(written)), "{event:?}");
            }
            let _ = (read_header(&line), read_tail(&line));
        }

        #[test]
        fn a_mutated_log_holds_no_header_and_no_event_but_those_that_were_written((valid, log) in crate::mutation::mutated(log(), log_bytes)) {
            match read_header(&log) {
                FirstLine::Header(header, _) => prop_assert!(valid.iter().any(|(written, _)| *written == header), "{header:?}"),
                FirstLine::Newer(format) => prop_assert!(false, "format {format}"),
                FirstLine::Damaged(_) => {}
            }
            let written: Vec<&Event> = valid.iter().flat_map(|(_, lines)| lines.iter().map(|(event, _)| event)).collect();
            for line in log.split(|&byte| byte == b'\n') {
                if let Some(read) = read_line(line) {
                    let event = read.event();
                    prop_assert!(event.as_ref().is_some_and(|event| written.contains(&event)), "{event:?}");
                } else if !line.is_empty() {
                    prop_assert_ne!(read_tail(line), Tail::Whole);
                }
            }
        }
    }

    #[test]
    fn a_line_reads_like_text() {
        let draft = Draft::new(br#"{"event":"toast","n":1}"#.to_vec(), None).unwrap();
        let line = write_line(EventId::new(1_767_225_600_000, 0), 1_767_225_600_000, &draft);
        let expected = "1767225600000-0 n=toast,c=1+16 23 87f00d1b {\"event\":\"toast\",\"n\":1}\n";
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn a_later_format_is_told_apart_from_damage() {
        let line = "sse-log 2 whatever comes";
        let crc = crc32fast::hash(line.as_bytes());
        assert_eq!(read_header(format!("{line} {crc:08x}\n").as_bytes()), FirstLine::Newer(2));
        assert_eq!(read_header(b"sse-log 2 whatever comes\n"), FirstLine::Damaged(25));
        assert_eq!(read_header(b"sse-log 1 whatever comes\n1-0"), FirstLine::Damaged(25));
    }

    #[test]
    fn a_head_says_how_long_its_line_may_be() {
        let undecided = MAX_HEAD + MAX_JSON;
        for (begun, expected) in [
            ("", undecided),
            ("1-0 - 7 12345678", undecided),
            ("1-0 - 7 12345678 ", 24),
            ("1-0 - 7 12345678 {\"a\":1} and more", 24),
            ("1-0 - 67108864 12345678 x", 24 + MAX_JSON),
            ("1-0 - 67108865 12345678 x", 0),
            ("1-0 - -1 12345678 x", 0),
            ("some text of more than four words", 0),
        ] {
            assert_eq!(most(begun.as_bytes()), expected, "{begun}");
        }
        assert_eq!((most(&[0; MAX_HEAD - 1]), most(&[0; MAX_HEAD])), (undecided, 0));
    }

    #[test]
    fn the_longest_head_is_within_its_bound() {
        let name = EventName::new("\u{1}".repeat(MAX_NAME_BYTES).as_bytes()).unwrap();
        let draft =
            Draft { name: Some(name), cut: Some(MAX_JSON..MAX_JSON), json: b"12".to_vec(), external: true };
        let line = write_line(EventId::new(MAX_MILLIS, u64::MAX), 1 << 46, &draft);
        assert!(line.len() < MAX_HEAD, "{}", line.len());
        assert_eq!(most(&line), line.len() - 1);
    }

    #[test]
    fn a_time_that_no_clock_has_is_none() {
        for (flags, expected) in
            [("t=5", Some(5)), ("x,t=0", Some(0)), ("t=281474976710656", None), ("t=1e3", None)]
        {
            let head = format!("9-0 {flags} 1");
            let crc = crc32fast::hash(format!("{head} 1").as_bytes());
            let line = format!("{head} {crc:08x} 1");
            let event = read_line(line.as_bytes()).unwrap().event();
            assert_eq!(event.map(|event| event.stored_millis), expected, "{flags}");
        }
    }

    #[test]
    fn a_line_too_short_for_a_checksum_is_damage() {
        assert!(read_line(b"1 - 0 0 ").is_none());
    }

    #[test]
    fn a_line_whose_end_was_overwritten_is_damage_and_not_torn() {
        let mut bytes = write_line(EventId::new(5, 0), 5, &Draft::new(b"{}".to_vec(), None).unwrap());
        *bytes.last_mut().unwrap() = b'x';
        assert_eq!(read_tail(&bytes), Tail::Damaged);
    }
}
