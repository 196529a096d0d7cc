//! One key's log, open for reading.
//!
//! Always true:
//! - the offset stands behind a whole line, so a torn one is read again once it is mended;
//! - a file that was replaced is read to its end before its successor is opened;
//! - events before the position are never yielded, and none after it is passed over silently.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::directory::{Directory, failed, identity};
use super::format;
use super::lines::Lines;
use super::lock;
use super::log::Log;
use crate::error::{Error, Result};
use crate::id::{EventId, now_millis};
use crate::key::Key;
use crate::store::{Gap, Item, Start};

/// A reader of one key.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
    lines: Lines,
    /// The last event yielded, or where reading began.
    position: EventId,
}

/// A reader just opened.
pub struct Opened {
    /// The reader, placed.
    pub reader: Reader,
    /// Told if the log can't answer from where reading should begin.
    pub gap: Option<Gap>,
    /// The newest event's id, or that of the last one that was dropped.
    pub last_id: EventId,
}

impl Reader {
    /// Opens a key's log (making an empty one if there is none) and goes to `start`.
    pub fn open(directory: &Directory, key: &Key, start: Start) -> Result<Opened> {
        let (path, file, identity, header, body) = Log::open(directory, key)?.into_parts();
        let index = index(&file, body).map_err(|error| failed("read", &path, error))?;
        let last_id = index.last().map_or(header.last_id, |line| line.id.max(header.last_id));
        let before = |at: usize| at.checked_sub(1).and_then(|at| index.get(at));
        let (at, gap) = match start {
            Start::Oldest => (0, None),
            Start::Newest(count) => {
                (index.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX)), None)
            }
            Start::After(from) if from < header.trimmed_through || from > last_id => {
                (0, Some(Gap { from, to: header.trimmed_through }))
            }
            Start::After(from) => (index.partition_point(|line| line.id <= from), None),
        };
        let position = match start {
            Start::After(from) if gap.is_none() => from,
            _ if at == index.len() && at > 0 => last_id,
            _ => before(at).map_or(header.trimmed_through, |line| line.id),
        };
        // After a position, a damaged line that follows it is still to be told.
        let offset = match start {
            Start::Newest(_) => {
                index.get(at).map(|line| line.offset).or(index.last().map(|line| line.behind))
            }
            _ => before(at).map(|line| line.behind),
        };
        let reader = Self { path, file, identity, lines: Lines::from(offset.unwrap_or(body)), position };
        Ok(Opened { reader, gap, last_id })
    }

    /// The last event yielded, or where reading began.
    #[must_use]
    pub fn position(&self) -> EventId {
        self.position
    }

    /// The log's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path still names the file that is read.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::Io`].
    pub fn is_current(&self) -> Result<bool> {
        match fs::metadata(&self.path) {
            Ok(metadata) => Ok(identity(&metadata) == self.identity && metadata.len() >= self.lines.offset()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("look at", &self.path, error)),
        }
    }

    /// Reads on: whole lines until `max_bytes` of JSON are reached, one at least if there is one.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn read(&mut self, max_bytes: usize) -> Result<VecDeque<Item>> {
        let mut items = VecDeque::new();
        let mut bytes = 0;
        while bytes < max_bytes {
            let from = self.lines.offset();
            let Some((offset, line)) =
                self.lines.next(&self.file).map_err(|error| failed("read", &self.path, error))?
            else {
                break;
            };
            let event = match format::read_line(line) {
                Some(line) if line.id <= self.position => continue,
                Some(line) => line.event(),
                None => None,
            };
            if let Some(event) = event {
                self.position = event.id;
                bytes += event.draft.json.len() + 1;
                items.push_back(Item::Event(event));
            } else if let Some(gap) = self.damage(offset, from)? {
                items.push_back(Item::Gap(gap));
            } else {
                break;
            }
        }
        Ok(items)
    }

    /// A line that can't be read. With the writers kept away it is read again: only what is still
    /// damaged then is told, as one gap over all damaged lines that follow each other.
    fn damage(&mut self, offset: u64, from: u64) -> Result<Option<Gap>> {
        let _locked = match lock::shared(&self.file, &self.path) {
            Ok(locked) => locked,
            // A writer is stuck: the line is looked at again at the next wake-up.
            Err(Error::Locked { .. }) => {
                self.lines.back_to(from);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        self.lines.back_to(offset);
        let now = now_millis();
        let mut to = self.position;
        let mut damaged = false;
        loop {
            let at = self.lines.offset();
            let Some((_, line)) =
                self.lines.next(&self.file).map_err(|error| failed("read", &self.path, error))?
            else {
                break;
            };
            if let Some(line) = format::read_line(line) {
                // What a damaged line claims to be holds only if what follows it agrees.
                if to >= line.id {
                    to = self.position;
                }
                self.lines.back_to(at);
                break;
            }
            damaged = true;
            to = format::claimed_id(line).filter(|id| *id > to && id.millis < now).unwrap_or(to);
        }
        Ok(damaged.then_some(Gap { from: self.position, to }))
    }
}

/// Where a readable line lies.
struct Place {
    id: EventId,
    offset: u64,
    behind: u64,
}

fn index(file: &File, body: u64) -> std::io::Result<Vec<Place>> {
    let mut places: Vec<Place> = Vec::new();
    let mut lines = Lines::from(body);
    while let Some((offset, line)) = lines.next(file)? {
        let length = line.len() as u64 + 1;
        if let Some(line) = format::read_line(line) {
            places.push(Place { id: line.id, offset, behind: offset + length });
        }
    }
    Ok(places)
}
