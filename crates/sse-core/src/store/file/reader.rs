//! One key's log, open for reading.
//!
//! Always true:
//! - the offset stands behind a whole line, so a torn one is read again once it is mended;
//! - a file that was replaced is read to its end before its successor is opened;
//! - events before the position are never yielded, and none after it is passed over silently.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::directory::{Directory, identity};
use super::format;
use super::lines::Lines;
use super::lock;
use super::log::Log;
use super::refusal::failed;
use crate::error::Result;
use crate::id::EventId;
use crate::key::Key;
use crate::store::{self, Gap, Item, Opened, Patience, Start};

/// A reader of one key's log.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
    lines: Lines,
    /// The last event yielded, or where reading began.
    position: EventId,
    /// For the lock that is taken where a line can't be read.
    patience: Patience,
}

impl Reader {
    /// Opens a key's log (making an empty one if there is none) and goes to `start`.
    pub fn open(directory: &Directory, key: &Key, start: Start) -> Result<Opened> {
        let (path, file, identity, header, body) = Log::open(directory, key)?.into_parts();
        let Index { places, end } = index(&file, body).map_err(|error| failed("read", &path, error))?;
        let last_id = places.last().map_or(header.last_id, |place| place.id.max(header.last_id));
        let behind = |at: usize| at.checked_sub(1).and_then(|at| places.get(at));
        let damaged_end = behind(places.len()).map_or(body, |place| place.behind) < end;
        let (position, offset, gap) = match start {
            Start::Oldest => (header.trimmed_through, body, None),
            Start::Newest(0) => (last_id, end, None),
            Start::Newest(count) => {
                let at = places.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
                let position = behind(at).map_or(header.trimmed_through, |place| place.id);
                (position, places.get(at).map_or(body, |place| place.offset), None)
            }
            // The event it names may be one that is damaged now: no reason to begin anew.
            Start::After(from) if from > last_id && damaged_end => {
                (last_id, end, Some(Gap { from, to: last_id }))
            }
            Start::After(from) if from < header.trimmed_through || from > last_id => {
                (header.trimmed_through, body, Some(Gap { from, to: header.trimmed_through }))
            }
            Start::After(from) => {
                let at = places.partition_point(|place| place.id <= from);
                let offset = match places.get(at) {
                    // Nothing is missing between the two; what is damaged there was told.
                    Some(next) if next.id.before() <= from => next.offset,
                    _ => behind(at).map_or(body, |place| place.behind),
                };
                (from, offset, None)
            }
        };
        let patience = directory.patience();
        let reader = Self { path, file, identity, lines: Lines::from(offset), position, patience };
        Ok(Opened { reader: Box::new(reader), gap, last_id, epoch: header.epoch })
    }

    fn next(&mut self) -> Result<Option<Item>> {
        loop {
            let next = self.lines.next(&self.file).map_err(|error| failed("read", &self.path, error))?;
            let Some((offset, line)) = next else { return Ok(None) };
            match format::read_line(line) {
                Some(line) if line.id <= self.position => {}
                // Whole, but not what we write: the event is lost to us.
                Some(line) => {
                    let lost = Item::Gap(Gap { from: self.position, to: line.id });
                    return Ok(Some(line.event().map_or(lost, Item::Event)));
                }
                None => {
                    if let Some(gap) = self.damage(offset)? {
                        return Ok(Some(Item::Gap(gap)));
                    }
                }
            }
        }
    }

    /// A line that can't be read. With the writers kept away it is read again: only what is still
    /// damaged then is told, as one gap over all damaged lines that follow each other. It reaches up
    /// to the event that follows; at the end of the log its extent isn't known, so until another
    /// event is stored it is told to everybody who begins to read there.
    fn damage(&mut self, offset: u64) -> Result<Option<Gap>> {
        self.lines.back_to(offset);
        let _locked = lock::shared(&self.file, &self.path, self.patience)?;
        let mut lines = Lines::from(offset);
        let mut follows = None;
        while let Some((at, line)) =
            lines.next(&self.file).map_err(|error| failed("read", &self.path, error))?
        {
            if let Some(line) = format::read_line(line) {
                follows = Some((at, line.id));
                break;
            }
        }
        let (end, to) = match follows {
            Some((at, id)) => (at, id.before().max(self.position)),
            None => (lines.offset(), self.position),
        };
        self.lines.back_to(end);
        Ok((end > offset).then_some(Gap { from: self.position, to }))
    }
}

impl store::Reader for Reader {
    fn position(&self) -> EventId {
        self.position
    }

    /// The log's path.
    fn path(&self) -> &Path {
        &self.path
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
        self.lines.look_again();
        while bytes < max_bytes {
            match self.next() {
                Ok(Some(item)) => {
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
                Ok(None) => break,
                Err(error) if items.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(items)
    }
}

/// Where the readable lines lie, and where the whole ones end.
struct Index {
    places: Vec<Place>,
    end: u64,
}

/// Where a readable line lies.
struct Place {
    id: EventId,
    offset: u64,
    behind: u64,
}

fn index(file: &File, body: u64) -> io::Result<Index> {
    let mut places: Vec<Place> = Vec::new();
    let mut lines = Lines::from(body);
    while let Some((offset, line)) = lines.next(file)? {
        let behind = offset + line.len() as u64 + 1;
        if let Some(line) = format::read_line(line) {
            places.push(Place { id: line.id, offset, behind });
        }
    }
    Ok(Index { places, end: lines.offset() })
}
