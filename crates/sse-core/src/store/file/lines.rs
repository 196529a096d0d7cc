//! A log read line by line, in pieces, without ever taking a line that isn't whole.
//!
//! Always true: no more is held in memory than a line may have ([`format::most`]), whatever the file has. A
//! longer one is passed over in pieces, up to its LF, and answered as a line of no bytes: damage.

use std::fs::File;
use std::io;

use rustix::buffer::spare_capacity;
use rustix::io::{pread, retry_on_intr};

use super::format;

/// Bytes read at a time; a longer line makes it grow.
const PIECE: usize = 16 << 10;
/// It grows no further than this.
const LARGEST_PIECE: usize = 1 << 20;

/// Where reading stands: behind a LF (or the header), or within a line that is too long.
#[derive(Debug, Default)]
pub struct Lines {
    /// Offset in the file of what is looked at next.
    offset: u64,
    /// Offset of the line that is passed over, while one is.
    too_long: Option<u64>,
    buffer: Vec<u8>,
    /// Where the next line starts in the buffer.
    start: usize,
    /// The last read met the end of the file.
    ended: bool,
}

/// What comes next.
#[derive(Debug)]
pub enum Step<'a> {
    /// A line without its LF, and its offset.
    Line(u64, &'a [u8]),
    /// Nothing yet: so much was read as may be read at a time. Set if it is within a line that is too long:
    /// that one's offset.
    More(Option<u64>),
    /// No whole line before the end of the file; as above.
    End(Option<u64>),
}

impl Lines {
    /// Reads from `offset`.
    pub fn from(offset: u64) -> Self {
        Self { offset, ..Self::default() }
    }

    /// Offset of what is looked at next: of a line, unless there is one that is too long.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Offset of the line that is too long, while the next LF is looked for.
    pub fn too_long(&self) -> Option<u64> {
        self.too_long
    }

    /// The next whole line without its LF, and its offset; however much has to be read for it.
    pub fn next(&mut self, file: &File) -> io::Result<Option<(u64, &[u8])>> {
        match self.step(file, &mut usize::MAX.clone())? {
            Step::Line(offset, line) => Ok(Some((offset, line))),
            Step::More(_) | Step::End(_) => Ok(None),
        }
    }

    /// The next whole line, if about `budget` bytes are enough to read for it; what is read is taken from
    /// that. At the end of the file all that was read ahead is forgotten: a torn line there may become
    /// another one.
    pub fn step(&mut self, file: &File, budget: &mut usize) -> io::Result<Step<'_>> {
        let mut searched = self.start;
        loop {
            let found = self.buffer.get(searched..).and_then(|rest| memchr::memchr(b'\n', rest));
            if let Some(at) = found {
                let (start, end) = (self.start, searched + at);
                let (offset, from) = match self.too_long.take() {
                    Some(offset) => (offset, end),
                    None => (self.offset, start),
                };
                self.offset += (end + 1 - start) as u64;
                self.start = end + 1;
                return Ok(Step::Line(offset, self.buffer.get(from..end).unwrap_or_default()));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            // What a large event needed isn't read at once from then on.
            if self.buffer.len() < LARGEST_PIECE && self.buffer.capacity() > 2 * LARGEST_PIECE {
                self.buffer.shrink_to(LARGEST_PIECE);
            }
            if self.too_long.is_some() || self.buffer.len() > format::most(&self.buffer) {
                self.too_long.get_or_insert(self.offset);
                self.offset += self.buffer.len() as u64;
                self.buffer.clear();
            }
            searched = self.buffer.len();
            if !self.ended && *budget == 0 {
                return Ok(Step::More(self.too_long));
            }
            let count = if self.ended { 0 } else { self.fill(file)? };
            if count == 0 {
                self.forget();
                return Ok(Step::End(self.too_long));
            }
            *budget = budget.saturating_sub(count);
        }
    }

    /// Forgets that the last read met the end of the file, with what it read ahead: there may be more by
    /// now, or something else.
    pub fn look_again(&mut self) {
        if self.ended {
            self.forget();
        }
    }

    /// Steps back to a line that was just read, to read it anew from the file.
    pub fn back_to(&mut self, offset: u64) {
        *self = Self::from(offset);
    }

    fn forget(&mut self) {
        *self = Self { too_long: self.too_long, ..Self::from(self.offset) };
    }

    /// Reads a piece behind what is held. The space for it is not cleared before: that would take longer
    /// than reading the few bytes of one event.
    fn fill(&mut self, file: &File) -> io::Result<usize> {
        let held = self.buffer.len();
        let least = if self.too_long.is_some() { LARGEST_PIECE } else { PIECE };
        let wanted = held.clamp(least, LARGEST_PIECE);
        self.buffer.reserve_exact(wanted);
        let asked = self.buffer.capacity() - held;
        let from = self.offset + held as u64;
        let count = retry_on_intr(|| pread(file, spare_capacity(&mut self.buffer), from))?;
        self.ended = count < asked;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_that_goes_on_for_ever_is_not_held() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"1-0 - 5 00000000 \"abc\" and more\n1-0 - 5 ").unwrap();
        file.set_len(40 << 20).unwrap();
        let mut lines = Lines::from(0);
        assert!(matches!(lines.step(&file, &mut 0).unwrap(), Step::More(None)));
        assert!(matches!(lines.step(&file, &mut 1).unwrap(), Step::Line(0, line) if line.len() == 31));
        let mut steps = 0;
        loop {
            let mut budget = 1 << 20;
            match lines.step(&file, &mut budget).unwrap() {
                Step::More(at) => assert_eq!(at, Some(32)),
                Step::End(at) => break assert_eq!(at, Some(32)),
                Step::Line(..) => panic!("there is no more whole line"),
            }
            steps += 1;
            assert!(lines.buffer.capacity() <= 2 << 20, "{}", lines.buffer.capacity());
        }
        assert!(steps >= 20, "{steps}");
        io::Seek::seek(&mut file, io::SeekFrom::End(0)).unwrap();
        file.write_all(b"\nnext\n").unwrap();
        lines.look_again();
        assert_eq!(lines.next(&file).unwrap(), Some((32, &b""[..])));
        assert_eq!(lines.next(&file).unwrap(), Some(((40 << 20) + 1, &b"next"[..])));
    }

    #[test]
    fn a_large_event_is_read_in_several_turns_and_its_memory_given_back() {
        let mut file = tempfile::tempfile().unwrap();
        let json = vec![b'1'; 8 << 20];
        file.write_all(format!("1-0 - {} 00000000 ", json.len()).as_bytes()).unwrap();
        file.write_all(&json).unwrap();
        file.write_all(b"\nnext\n").unwrap();
        file.write_all(&json).unwrap();
        let mut lines = Lines::from(0);
        let mut steps = 0;
        let length = loop {
            steps += 1;
            match lines.step(&file, &mut (1 << 20)).unwrap() {
                Step::More(None) => {}
                Step::Line(0, line) => break line.len(),
                other => panic!("{other:?}"),
            }
        };
        assert!(length > json.len() && steps >= 6, "{length} bytes in {steps} steps");
        assert!(matches!(lines.step(&file, &mut (1 << 20)).unwrap(), Step::Line(_, b"next")));
        let _ = lines.step(&file, &mut (1 << 20)).unwrap();
        assert!(lines.buffer.capacity() <= 4 << 20, "{}", lines.buffer.capacity());
    }
}
