//! What belongs to a store of files as a whole: its epoch and its floor, in the file `store`.
//!
//! ```text
//! store        sse-store 1 <epoch> <floor> <crc32>\n
//! <name>.log   one key's log
//! ```
//! `floor` lies above the ids of every log that was removed, so that ids of a key rise even if its
//! log is gone and the clock stepped back.

use std::io;
use std::path::{Path, PathBuf};

use super::format::read_crc;
use crate::cursor::Epoch;
use crate::disk::{Directory, failed, read_small};
use crate::error::{Error, Result};
use crate::id::EventId;
use crate::key::Key;

const FORMAT: u64 = 1;

/// The content of the file `store`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Drawn when the store was made.
    pub epoch: Epoch,
    /// Above every id of every log that was removed.
    pub floor: EventId,
}

impl Directory {
    /// The log of a key.
    #[must_use]
    pub fn log(&self, key: &Key) -> PathBuf {
        self.file_of(key, "log")
    }

    /// Epoch and floor; a directory without them becomes a store.
    ///
    /// # Errors
    /// Those of [`Directory::check`]; [`Error::NewerFormat`] and [`Error::DamagedStore`] for what can't be read;
    /// where it has to be made, those of [`Directory::locked`] and [`Directory::replace`].
    pub fn meta(&self) -> Result<Meta> {
        match self.read_meta()? {
            Some(meta) => Ok(meta),
            None => self.locked(|| self.meta_while_locked()),
        }
    }

    /// The same for who holds the directory's lock.
    ///
    /// # Errors
    /// Those of [`Directory::meta`].
    pub fn meta_while_locked(&self) -> Result<Meta> {
        if let Some(meta) = self.read_meta()? {
            return Ok(meta);
        }
        let meta = Meta { epoch: Epoch::draw(), floor: EventId::ZERO };
        // An empty one, after a power failure, would stop everybody.
        self.replace(&self.meta_path(), &write_meta(meta), true)?;
        Ok(meta)
    }

    /// Raises the floor to `at_least`. The caller holds the directory's lock.
    ///
    /// # Errors
    /// Those of [`Directory::meta`] and [`Directory::replace`].
    pub fn raise_floor(&self, at_least: EventId) -> Result<()> {
        let meta = self.meta_while_locked()?;
        if meta.floor >= at_least {
            return Ok(());
        }
        self.replace(&self.meta_path(), &write_meta(Meta { floor: at_least, ..meta }), true)
    }

    fn meta_path(&self) -> PathBuf {
        self.path().join("store")
    }

    fn read_meta(&self) -> Result<Option<Meta>> {
        let path = self.meta_path();
        match read_small(&path) {
            Ok(bytes) => read_meta(&bytes, &path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.check().map(|()| None),
            Err(error) => Err(failed("read", &path, error)),
        }
    }
}

fn write_meta(meta: Meta) -> Vec<u8> {
    let line = format!("sse-store {FORMAT} {:08x} {}", meta.epoch.0, meta.floor);
    format!("{line} {:08x}\n", crc32fast::hash(line.as_bytes())).into_bytes()
}

fn read_meta(bytes: &[u8], path: &Path) -> Result<Meta> {
    let damaged = |what| Error::DamagedStore { path: path.to_owned(), what };
    let text = std::str::from_utf8(bytes).map_err(|_| damaged("it isn't text"))?;
    let line = text.strip_suffix('\n').ok_or_else(|| damaged("its line has no end"))?;
    let (body, crc) = line.rsplit_once(' ').ok_or_else(|| damaged("it has no checksum"))?;
    if read_crc(crc.as_bytes()) != Some(crc32fast::hash(body.as_bytes())) {
        return Err(damaged("its checksum is wrong"));
    }
    let fields = body.strip_prefix("sse-store ");
    let mut fields = fields.ok_or_else(|| damaged("it doesn't begin with \"sse-store\""))?.split(' ');
    let format: Option<u64> = fields.next().and_then(|field| field.parse().ok());
    let format = format.ok_or_else(|| damaged("it has no format number"))?;
    if format > FORMAT {
        return Err(Error::NewerFormat { path: path.to_owned(), found: format, known: FORMAT });
    }
    let epoch = fields.next().and_then(|field| u32::from_str_radix(field, 16).ok());
    let epoch = epoch.ok_or_else(|| damaged("it has no epoch"))?;
    let floor = fields.next().and_then(|field| field.parse().ok());
    let floor = floor.ok_or_else(|| damaged("it has no floor"))?;
    Ok(Meta { epoch: Epoch(epoch), floor })
}
