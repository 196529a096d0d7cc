//! A log read line by line, in pieces, without ever taking a line that isn't whole.

use std::fs::File;
use std::io;

use rustix::buffer::spare_capacity;
use rustix::io::{pread, retry_on_intr};

/// Bytes read at a time; a longer line makes it grow.
const PIECE: usize = 16 << 10;

/// Where reading stands: always behind a LF (or the header).
#[derive(Debug, Default)]
pub struct Lines {
    /// Offset in the file of the next line.
    offset: u64,
    buffer: Vec<u8>,
    /// Where the next line starts in the buffer.
    start: usize,
    /// The last read met the end of the file.
    ended: bool,
}

impl Lines {
    /// Reads from `offset`.
    pub fn from(offset: u64) -> Self {
        Self { offset, ..Self::default() }
    }

    /// Offset of the next line.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next whole line without its LF, and its offset. At the end of the file all that was read
    /// ahead is forgotten: a torn line there may become another one.
    pub fn next(&mut self, file: &File) -> io::Result<Option<(u64, &[u8])>> {
        let mut searched = self.start;
        loop {
            let found = self.buffer.get(searched..).and_then(|rest| memchr::memchr(b'\n', rest));
            if let Some(at) = found {
                let (start, end) = (self.start, searched + at);
                let offset = self.offset;
                self.offset += (end + 1 - start) as u64;
                self.start = end + 1;
                return Ok(Some((offset, self.buffer.get(start..end).unwrap_or_default())));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            searched = self.buffer.len();
            if self.ended || self.fill(file)? == 0 {
                self.back_to(self.offset);
                return Ok(None);
            }
        }
    }

    /// Forgets that the last read met the end of the file, with what it read ahead: there may be more by
    /// now, or something else.
    pub fn look_again(&mut self) {
        if self.ended {
            self.back_to(self.offset);
        }
    }

    /// Steps back to a line that was just read, to read it anew from the file.
    pub fn back_to(&mut self, offset: u64) {
        *self = Self::from(offset);
    }

    /// Reads a piece behind what is held. The space for it is not cleared before: that would take longer
    /// than reading the few bytes of one event.
    fn fill(&mut self, file: &File) -> io::Result<usize> {
        let held = self.buffer.len();
        let wanted = held.max(PIECE);
        self.buffer.reserve_exact(wanted);
        let from = self.offset + held as u64;
        let count = retry_on_intr(|| pread(file, spare_capacity(&mut self.buffer), from))?;
        self.ended = count < wanted;
        Ok(count)
    }
}
