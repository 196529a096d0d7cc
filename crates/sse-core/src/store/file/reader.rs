//! One key's log, open for reading.
//!
//! Always true:
//! - the offset stands behind a whole line, so a torn one is read again once it is mended;
//! - a file that was replaced is read to its end before its successor is opened;
//! - events before the position are never yielded, and none after it is passed over silently.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use super::format;
use super::lines::{Lines, Step};
use super::log::Log;
use crate::disk::{Directory, failed, identity, lock};
use crate::error::Result;
use crate::id::EventId;
use crate::key::Key;
use crate::signal::Trigger;
use crate::store::{Gap, Item, Opened, Patience, Reader, Start};

/// Bytes of a log that one call works through, so that nothing else waits for long.
const WORK: usize = 4 << 20;

/// Bytes at the end of a log in which the start is looked for first. In tests, logs are short.
const FIRST_LOOK: u64 = if cfg!(test) { 50 } else { 16 << 10 };

/// A reader of one key's log.
#[derive(Debug)]
pub struct FileReader {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
    lines: Lines,
    /// The last event yielded, or where reading began.
    position: EventId,
    /// For the lock that is taken where a line can't be read.
    patience: Patience,
    /// Where damaged lines begin whose end isn't found yet; all up to where `lines` stands is damage.
    damaged: Option<u64>,
    has_more: bool,
}

/// What comes next.
enum Next {
    Item(Item),
    /// Nothing yet: so much was worked through as one call may.
    More,
    End,
}

impl FileReader {
    /// Opens a key's log (making an empty one if there is none) and goes to `start`.
    pub fn open(directory: &Directory, key: &Key, start: Start) -> Result<Opened> {
        let (path, file, identity, header, body) = Log::open(directory, key)?.into_parts();
        let index = Index::of(&file, body, start).map_err(|error| failed("read", &path, error))?;
        let Index { before, first, last, end } = index;
        let last_id = last.map_or(header.last_id, |last| last.id.max(header.last_id));
        let damaged_end = last.map_or(body, |last| last.behind) < end;
        let (position, offset, gap) = match start {
            Start::Oldest => (header.trimmed_through, body, None),
            Start::Newest(0) => (last_id, end, None),
            Start::Newest(_) => {
                let position = before.map_or(header.trimmed_through, |line| line.id);
                (position, first.map_or(body, |line| line.offset), None)
            }
            // The event it names may be one that is damaged now: no reason to begin anew.
            Start::After(from) if from > last_id && damaged_end => {
                (last_id, end, Some(Gap { from, to: last_id }))
            }
            Start::After(from) if from < header.trimmed_through || from > last_id => {
                (header.trimmed_through, body, Some(Gap { from, to: header.trimmed_through }))
            }
            Start::After(from) => {
                let offset = match first {
                    // Nothing is missing between the two; what is damaged there was told.
                    Some(next) if next.id.before() <= from => next.offset,
                    _ => before.map_or(body, |line| line.behind),
                };
                (from, offset, None)
            }
        };
        let lines = Lines::from(offset);
        let patience = directory.patience();
        let reader = Self { path, file, identity, lines, position, patience, damaged: None, has_more: false };
        Ok(Opened { reader: Box::new(reader), gap, last_id, epoch: header.epoch })
    }

    fn next(&mut self, budget: &mut usize) -> Result<Next> {
        if let Some(began) = self.damaged
            && let Some(found) = self.damage(began, budget)?
        {
            return Ok(found);
        }
        loop {
            let step = self.lines.step(&self.file, budget);
            let began = match step.map_err(|error| failed("read", &self.path, error))? {
                Step::Line(offset, line) => match format::read_line(line) {
                    Some(line) if line.id <= self.position => continue,
                    // Whole, but not what we write: the event is lost to us.
                    Some(line) => {
                        let lost = Item::Gap(Gap { from: self.position, to: line.id });
                        return Ok(Next::Item(line.event().map_or(lost, Item::Event)));
                    }
                    None => offset,
                },
                Step::More(None) => return Ok(Next::More),
                Step::End(None) => return Ok(Next::End),
                Step::More(Some(offset)) | Step::End(Some(offset)) => offset,
            };
            self.lines.back_to(began);
            if let Some(found) = self.damage(began, budget)? {
                return Ok(found);
            }
        }
    }

    /// Lines that can't be read. With the writers kept away they are read again: only what is still
    /// damaged then is told, as one gap over all damaged lines that follow each other. It reaches up
    /// to the event that follows; at the end of the log its extent isn't known, so until another
    /// event is stored it is told to everybody who begins to read there. Damage without an end of its last
    /// line is told when there is one.
    fn damage(&mut self, began: u64, budget: &mut usize) -> Result<Option<Next>> {
        let _locked = lock::shared(&self.file, &self.path, self.patience)?;
        loop {
            let step = self.lines.step(&self.file, budget);
            let (end, to) = match step.map_err(|error| failed("read", &self.path, error))? {
                Step::Line(at, line) => match format::read_line(line) {
                    Some(line) => (at, line.id.before().max(self.position)),
                    None => continue,
                },
                Step::More(_) => {
                    self.damaged = Some(began);
                    return Ok(Some(Next::More));
                }
                Step::End(Some(_)) => {
                    self.damaged = Some(began);
                    return Ok(Some(Next::End));
                }
                Step::End(None) => (self.lines.offset(), self.position),
            };
            self.damaged = None;
            self.lines.back_to(end);
            let gap = Gap { from: self.position, to };
            return Ok((end > began).then_some(Next::Item(Item::Gap(gap))));
        }
    }
}

impl Reader for FileReader {
    fn position(&self) -> EventId {
        self.position
    }

    /// The log.
    fn trigger(&self) -> Trigger<'_> {
        Trigger::File(&self.path)
    }

    /// Whether the path still names the file that is read.
    fn is_current(&self) -> Result<bool> {
        match fs::metadata(&self.path) {
            Ok(metadata) => Ok(identity(&metadata) == self.identity && metadata.len() >= self.lines.offset()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("look at", &self.path, error)),
        }
    }

    /// Whole lines only. [`crate::Error::Locked`] if a line can't be read and a writer is stuck. What
    /// was read before an error is answered first.
    fn read(&mut self, max_bytes: usize) -> Result<VecDeque<Item>> {
        let mut items = VecDeque::new();
        let mut bytes = 0;
        let mut budget = WORK;
        self.has_more = false;
        self.lines.look_again();
        while bytes < max_bytes {
            match self.next(&mut budget) {
                Ok(Next::Item(item)) => {
                    bytes += 1;
                    self.position = match &item {
                        Item::Event(event) => {
                            bytes += event.draft.json.len();
                            event.id
                        }
                        Item::Gap(gap) => gap.to,
                    };
                    items.push_back(item);
                }
                Ok(found) => {
                    self.has_more = matches!(found, Next::More);
                    break;
                }
                Err(error) if items.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(items)
    }

    fn has_more(&self) -> bool {
        self.has_more
    }
}

/// Where the readable lines lie that matter to a start, and where the whole ones end.
#[derive(Default)]
struct Index {
    /// The last one that isn't wanted.
    before: Option<EventLine>,
    /// The first one that is.
    first: Option<EventLine>,
    /// The last one.
    last: Option<EventLine>,
    end: u64,
}

/// Where a readable line lies.
#[derive(Clone, Copy)]
struct EventLine {
    id: EventId,
    offset: u64,
    behind: u64,
}

impl Index {
    /// Looks from the end of the file: a log is long, and what is asked for is most often near there. Goes back
    /// further until it has met what lies before the start.
    fn of(file: &File, body: u64, start: Start) -> io::Result<Self> {
        let size = file.metadata()?.len();
        let mut bytes = FIRST_LOOK;
        loop {
            let from = size.saturating_sub(bytes).max(body);
            let mut lines = Lines::from(from);
            if from > body {
                // The end of a line whose beginning isn't here.
                lines.next(file)?;
            }
            let index = Self::behind(lines, file, start)?;
            let is_enough = match start {
                Start::After(_) | Start::Newest(1..) => index.before.is_some(),
                Start::Newest(0) | Start::Oldest => index.last.is_some(),
            };
            if is_enough || from == body {
                return Ok(index);
            }
            bytes = bytes.saturating_mul(8);
        }
    }

    /// What lies behind where `lines` stands.
    fn behind(mut lines: Lines, file: &File, start: Start) -> io::Result<Self> {
        let mut index = Self::default();
        // The newest so many, of which the first is the one.
        let mut newest: VecDeque<EventLine> = VecDeque::new();
        while let Some((offset, line)) = lines.next(file)? {
            let Some(id) = format::read_line(line).map(|line| line.id) else { continue };
            let event = EventLine { id, offset, behind: lines.offset() };
            index.last = Some(event);
            match start {
                Start::After(from) if id <= from && index.first.is_none() => index.before = Some(event),
                Start::After(_) => index.first = index.first.or(Some(event)),
                Start::Newest(count) if count > 0 => {
                    newest.push_back(event);
                    if newest.len() as u64 > count {
                        index.before = newest.pop_front();
                    }
                }
                Start::Newest(_) | Start::Oldest => {}
            }
        }
        if matches!(start, Start::Newest(_)) {
            index.first = newest.pop_front();
        }
        index.end = lines.offset();
        Ok(index)
    }
}
