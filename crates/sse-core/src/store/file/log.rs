//! One key's log, open for writing.
//!
//! Always true:
//! - whoever writes holds the lock of the very file that the path names;
//! - an append is one line in one write; if it fails, the file is as before;
//! - the log only grows; what shortens or mends it is a new file, renamed in.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::format::{self, FirstLine, Header, MAX_HEADER, Tail};
use super::lines::Lines;
use super::meta::Meta;
use crate::disk::lock::{self, Locked};
use crate::disk::{self, Directory, failed, identity, open};
use crate::error::{Error, Result};
use crate::event::Draft;
use crate::id::{EventId, NEARLY, now_millis};
use crate::key::Key;
use crate::retention::Retention;
use crate::store::Policy;

/// A time so many milliseconds in the future is of a clock that was ahead.
pub const AHEAD: u64 = 60_000;

/// A log, open for writing.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    pub(super) file: File,
    identity: (u64, u64),
    header: Header,
    /// Offset of the first event.
    body: u64,
    end: Option<End>,
}

/// What the lock's holder knows of the log's end; good for as long as nobody else writes.
#[derive(Clone, Copy, Debug)]
struct End {
    offset: u64,
    last_id: EventId,
    /// Lines that are events.
    events: u64,
    /// Lines that aren't.
    damaged: u64,
    /// When the oldest was stored at the latest: a time that lies behind that of a later event is of a clock
    /// that was ahead.
    oldest_millis: Option<u64>,
}

impl Log {
    /// Opens a key's log; a missing one is made, a damaged header is mended.
    pub fn open(directory: &Directory, key: &Key) -> Result<Self> {
        let path = directory.log(key);
        loop {
            let file = match open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    create(directory, &path, key)?;
                    continue;
                }
                Err(error) => return Err(failed("open", &path, error)),
            };
            let meta = directory.meta()?;
            match first_line(&file).map_err(|error| failed("read", &path, error))? {
                FirstLine::Header(header, _) if header.key != *key => {
                    return Err(Error::OtherKey {
                        path,
                        found: header.key.to_string(),
                        wanted: key.to_string(),
                    });
                }
                FirstLine::Header(header, body) if header.epoch == meta.epoch => {
                    let metadata = file.metadata().map_err(|error| failed("look at", &path, error))?;
                    let identity = identity(&metadata);
                    return Ok(Self { path, file, identity, header, body, end: None });
                }
                FirstLine::Newer(found) => {
                    return Err(Error::NewerFormat { path, found, known: format::FORMAT });
                }
                FirstLine::Header(header, body) => {
                    mend(directory, &path, &file, body, |_| Header { epoch: meta.epoch, ..header })?
                }
                FirstLine::Damaged(body) => mend(directory, &path, &file, body, |first| {
                    // Nothing is known of what was dropped: who asks from before the first event is told of a gap.
                    let trimmed_through = first.map_or_else(|| born(&meta), EventId::before);
                    Header { epoch: meta.epoch, trimmed_through, last_id: trimmed_through, key: key.clone() }
                })?,
            }
        }
    }

    /// Where it is, the file, which file it is, its header and the offset of the first event.
    pub fn into_parts(self) -> (PathBuf, File, (u64, u64), Header, u64) {
        (self.path, self.file, self.identity, self.header, self.body)
    }

    /// Stores one event; `None` if the path names another file by now: open the log again.
    pub fn append(
        &mut self,
        directory: &Directory,
        draft: &Draft,
        policy: &Policy,
    ) -> Result<Option<EventId>> {
        let Some(held) = self.hold(directory)? else { return Ok(None) };
        held.append(draft, policy).map(Some)
    }

    /// The same, if the log's last id is `after`, or, for [`EventId::ZERO`], if it has no event; else it is
    /// `Some(None)`.
    pub fn append_after(
        &mut self,
        directory: &Directory,
        draft: &Draft,
        policy: &Policy,
        after: EventId,
    ) -> Result<Option<Option<EventId>>> {
        let Some(held) = self.hold(directory)? else { return Ok(None) };
        if !held.known.is_at(after) {
            return Ok(Some(None));
        }
        held.append(draft, policy).map(|id| Some(Some(id)))
    }

    /// Drops what retention no longer keeps; every event, if nobody wrote since `forget_before`
    /// (milliseconds since 1970).
    pub fn trim(&mut self, directory: &Directory, policy: &Policy, forget_before: u64) -> Result<()> {
        let Some(held) = self.hold(directory)? else { return Ok(()) };
        let (known, now) = (held.known, now_millis());
        if held.modified_millis < forget_before && known.events + known.damaged > 0 {
            held.forget()
        } else if known.oldest_millis.is_some_and(|oldest| oldest > now + AHEAD) {
            held.settle(now)
        } else if known.is_over(held.body, &policy.retention, now) {
            held.shorten(policy, now)
        } else {
            Ok(())
        }
    }

    /// Locks the log and goes to its end; `None` if the path names another file by now.
    fn hold<'a>(&'a mut self, directory: &'a Directory) -> Result<Option<Held<'a>>> {
        let Self { path, file, identity: own, header, body, end } = self;
        let locked = lock::exclusive(file, path, directory.patience())?;
        let Some(metadata) = metadata_if_current(path, *own)? else { return Ok(None) };
        let size = metadata.len();
        let found = match *end {
            Some(known) if known.offset == size => Ok(known),
            Some(known) if known.offset < size => find_end(file, known, size),
            // Shorter than it was: somebody cut it by hand, perhaps into the header.
            Some(_) => return Ok(None),
            None => find_end(file, End::before(header, *body), size),
        };
        let known = found.map_err(|error| failed("read", path, error))?;
        *end = Some(known);
        let modified_millis = disk::modified_millis(&metadata);
        let body = *body;
        Ok(Some(Held { directory, path, file, header, body, known, end, modified_millis, _locked: locked }))
    }

    /// Has it look as if it was written to now.
    pub fn touch(&self) -> Result<()> {
        disk::touch(&self.file).map_err(|error| failed("touch", &self.path, error.into()))
    }

    /// Whether it holds a header and nothing else.
    pub fn is_tombstone(&self) -> Result<bool> {
        let metadata = metadata_if_current(&self.path, self.identity)?;
        Ok(metadata.is_some_and(|metadata| metadata.len() == self.body))
    }

    /// Removes the log if it has no events and nobody wrote since `forget_before` (milliseconds since
    /// 1970). The caller holds the directory's lock.
    pub fn remove(self, directory: &Directory, forget_before: u64) -> Result<()> {
        let _locked = lock::exclusive(&self.file, &self.path, directory.patience())?;
        if self.is_tombstone()? && modified_millis(&self.file, &self.path)? < forget_before {
            directory.raise_floor(self.header.last_id)?;
            fs::remove_file(&self.path).map_err(|error| failed("remove", &self.path, error))?;
        }
        Ok(())
    }
}

/// A log whose lock is held.
struct Held<'a> {
    directory: &'a Directory,
    path: &'a Path,
    file: &'a File,
    header: &'a Header,
    /// Offset of the first event.
    body: u64,
    known: End,
    /// Where the log keeps what is known.
    end: &'a mut Option<End>,
    /// When somebody last wrote, before we held it.
    modified_millis: u64,
    _locked: Locked<'a>,
}

impl Held<'_> {
    /// Stores one event.
    fn append(mut self, draft: &Draft, policy: &Policy) -> Result<EventId> {
        let known = self.known;
        let now = now_millis();
        let id = known.last_id.next(now);
        let line = format::write_line(id, now, draft);
        if let Err(error) = write_at_end(self.file, known.offset, &line, policy.sync) {
            *self.end = None;
            return Err(failed("append to", self.path, error));
        }
        self.known = End {
            offset: known.offset + line.len() as u64,
            last_id: id,
            events: known.events + 1,
            oldest_millis: known.older(now),
            ..known
        };
        *self.end = Some(self.known);
        if self.known.is_over(self.body, &policy.retention, now) {
            // The event is stored. A log that can't be shortened now will be by a later push.
            let _ = self.shorten(policy, now);
        }
        Ok(id)
    }

    /// Replaces the log by one without events.
    fn forget(&self) -> Result<()> {
        let last_id = self.known.last_id;
        let header = Header { trimmed_through: last_id, last_id, ..self.header.clone() };
        self.directory.replace(self.path, &format::write_header(&header), false)
    }

    /// Replaces the log by one with the newest events that retention keeps.
    fn shorten(&self, policy: &Policy, now: u64) -> Result<()> {
        let kept = keep_from(self.file, self.body, &policy.retention, now);
        let Some((offset, through)) = kept.map_err(|error| failed("read", self.path, error))? else {
            return Ok(());
        };
        let trimmed_through = through.max(self.header.trimmed_through);
        let header = Header { trimmed_through, last_id: self.known.last_id, ..self.header.clone() };
        copy(self.directory, self.path, self.file, &header, offset, policy.sync)
    }

    /// Replaces the log by one whose events were stored now at the latest: they are of a clock that was ahead,
    /// by which they would stay for too long. Nobody knows better when it was.
    fn settle(&self, now: u64) -> Result<()> {
        let header = Header { last_id: self.known.last_id, ..self.header.clone() };
        self.directory.replace_with(self.path, false, |new| {
            new.write_all(&format::write_header(&header))?;
            let mut lines = Lines::from(self.body);
            while let Some((_, line)) = lines.next(self.file)? {
                match format::read_line(line).and_then(|line| line.event()) {
                    Some(event) if event.stored_millis > now => {
                        new.write_all(&format::write_line(event.id, now, &event.draft))?;
                    }
                    // Of one that is too long its end is left, which is told as well.
                    _ => new.write_all(&[line, b"\n"].concat())?,
                }
            }
            Ok(())
        })
    }
}

fn modified_millis(file: &File, path: &Path) -> Result<u64> {
    file.metadata()
        .map(|metadata| disk::modified_millis(&metadata))
        .map_err(|error| failed("look at", path, error))
}

impl End {
    /// Before the first line.
    fn before(header: &Header, body: u64) -> Self {
        Self { offset: body, last_id: header.last_id, events: 0, damaged: 0, oldest_millis: None }
    }

    /// Whether nothing was stored since the event with this id; for [`EventId::ZERO`], whether there is none.
    fn is_at(&self, after: EventId) -> bool {
        if after == EventId::ZERO { self.events == 0 } else { self.last_id == after }
    }

    /// Its oldest time when there is an event of this one too.
    fn older(&self, millis: u64) -> Option<u64> {
        Some(self.oldest_millis.map_or(millis, |oldest| oldest.min(millis)))
    }

    /// Whether there is something to drop: the newest event always stays.
    fn is_over(&self, body: u64, retention: &Retention, now: u64) -> bool {
        let old = self.oldest_millis.is_some_and(|oldest| oldest < retention.oldest_millis_limit(now));
        self.events > u64::from(self.damaged == 0)
            && (self.events > retention.events_limit() || self.offset - body > retention.bytes_limit() || old)
    }
}

/// What the system says of the file, if the path still names it.
fn metadata_if_current(path: &Path, own: (u64, u64)) -> Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) if identity(&metadata) == own => Ok(Some(metadata)),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("look at", path, error)),
    }
}

/// Reads on from what is known to the end, and mends the end that a stopped writer left.
fn find_end(file: &File, mut known: End, mut size: u64) -> io::Result<End> {
    let mut lines = Lines::from(known.offset);
    let mut ends_damaged = false;
    loop {
        while let Some((_, line)) = lines.next(file)? {
            let line = format::read_line(line);
            ends_damaged = line.is_none();
            match line {
                Some(line) => {
                    known.events += 1;
                    known.last_id = known.last_id.max(line.id);
                    known.oldest_millis = known.older(line.stored_millis());
                }
                None => known.damaged += 1,
            }
        }
        known.offset = lines.offset();
        let tail = match lines.too_long() {
            Some(_) => Tail::Damaged,
            None if known.offset < size => {
                // No longer than a line may be.
                let mut tail = vec![0; usize::try_from(size - known.offset).map_err(io::Error::other)?];
                file.read_exact_at(&mut tail, known.offset)?;
                format::read_tail(&tail)
            }
            None => break,
        };
        if tail == Tail::Torn {
            file.set_len(known.offset)?;
            break;
        }
        file.write_all_at(b"\n", size)?;
        size += 1;
        lines.look_again();
    }
    if ends_damaged {
        // The last id isn't known: ids go on above all that were given by now.
        known.last_id = known.last_id.max(EventId::new(now_millis() + NEARLY, 0));
    }
    Ok(known)
}

fn write_at_end(file: &File, offset: u64, line: &[u8], sync: bool) -> io::Result<()> {
    if let Err(error) = file.write_all_at(line, offset) {
        // If this fails too, the next writer finds a torn line and removes it.
        let _ = file.set_len(offset);
        return Err(error);
    }
    // A whole line may have been read already: it stays, even if nobody knows what the disk has.
    if sync { file.sync_data() } else { Ok(()) }
}

fn first_line(file: &File) -> io::Result<FirstLine> {
    let mut bytes = [0; MAX_HEADER];
    let mut held = 0;
    while let Some(space) = bytes.get_mut(held..).filter(|space| !space.is_empty()) {
        match file.read_at(space, held as u64) {
            Ok(0) => break,
            Ok(read) => held += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(format::read_header(bytes.get(..held).unwrap_or_default()))
}

/// The first event's id and offset; without one, where the whole lines end.
fn first_event(file: &File, body: u64) -> io::Result<(Option<EventId>, u64)> {
    let mut lines = Lines::from(body);
    while let Some((offset, line)) = lines.next(file)? {
        if let Some(line) = format::read_line(line) {
            return Ok((Some(line.id), offset));
        }
    }
    Ok((None, lines.offset()))
}

/// Makes an empty log.
fn create(directory: &Directory, path: &Path, key: &Key) -> Result<()> {
    directory.locked(|| {
        if path.exists() {
            return Ok(());
        }
        let meta = directory.meta_while_locked()?;
        let born = born(&meta);
        let header = Header { epoch: meta.epoch, trimmed_through: born, last_id: born, key: key.clone() };
        directory.replace(path, &format::write_header(&header), false)
    })
}

/// Where the ids of a log begin of which nothing is known: above the clock and above all that was
/// removed here, so that a cursor into an earlier log of the key is known to be too old. The
/// millisecond on top is for events that were pushed in this one.
fn born(meta: &Meta) -> EventId {
    meta.floor.next(now_millis() + 1)
}

/// Replaces the header, keeps every line from the first event on. `header` is given that one's id.
fn mend(
    directory: &Directory,
    path: &Path,
    file: &File,
    body: u64,
    header: impl FnOnce(Option<EventId>) -> Header,
) -> Result<()> {
    let _locked = lock::exclusive(file, path, directory.patience())?;
    let own = identity(&file.metadata().map_err(|error| failed("look at", path, error))?);
    if metadata_if_current(path, own)?.is_some() {
        let (first, offset) = first_event(file, body).map_err(|error| failed("read", path, error))?;
        copy(directory, path, file, &header(first), offset, true)?;
    }
    Ok(())
}

/// Where the events begin that are kept, and the last place before them; `None` if nothing is to be
/// dropped. Damaged lines right before them go too: whoever wasn't told of them is told of the events that
/// went. Those between them are kept, so that they are still told.
fn keep_from(file: &File, body: u64, retention: &Retention, now: u64) -> io::Result<Option<(u64, EventId)>> {
    let mut lines = Lines::from(body);
    let mut count = 0;
    while let Some((_, line)) = lines.next(file)? {
        count += u64::from(format::read_line(line).is_some());
    }
    let end = lines.offset();
    let oldest = retention.oldest_millis(now);
    let mut lines = Lines::from(body);
    let (mut number, mut before, mut dropped, mut kept) = (0, None, None, None);
    while let Some((offset, line)) = lines.next(file)? {
        let Some(line) = format::read_line(line) else { continue };
        let (id, is_old) = (line.id, line.stored_millis() < oldest);
        number += 1;
        if is_old {
            // What was stored before is older, whatever time it has.
            (dropped, kept) = (before.or(dropped), None);
        }
        // The newest event stays, whatever its size and age.
        let is_beyond = count - number >= retention.events || end - offset > retention.bytes || is_old;
        before = Some((id, lines.offset()));
        if is_beyond && number < count {
            (dropped, kept) = (before, None);
        } else if kept.is_none() {
            kept = Some((id, offset));
        }
    }
    Ok(match (kept, dropped) {
        (Some((_, offset)), _) if offset == body => None,
        (Some((_, offset)), Some((id, behind))) if offset == behind => Some((offset, id)),
        (Some((id, offset)), _) => Some((offset, id.before())),
        (None, _) => None,
    })
}

fn copy(
    directory: &Directory,
    path: &Path,
    file: &File,
    header: &Header,
    from: u64,
    sync: bool,
) -> Result<()> {
    directory.replace_with(path, sync, |new| {
        new.write_all(&format::write_header(header))?;
        let mut offset = from;
        let mut piece = vec![0; 256 << 10];
        loop {
            match file.read_at(&mut piece, offset) {
                Ok(0) => return Ok(()),
                Ok(read) => {
                    new.write_all(piece.get(..read).unwrap_or_default())?;
                    offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    })
}
