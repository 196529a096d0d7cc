//! The store's directory: who may use it, its epoch, and the files in it.
//!
//! ```text
//! store        sse-store 1 <epoch> <floor> <crc32>\n
//! lock         empty; held while a file is made or removed
//! <name>.log   one key's log
//! .*.new       a file being made, renamed in when it is whole
//! ```
//! `floor` lies above the ids of every log that was removed, so that ids of a key rise even if its
//! log is gone and the clock stepped back.
//!
//! Files get 0660 and the directory's group whatever the umask: command line users, cron and the
//! web user share them by group.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::lock;
use crate::cursor::Epoch;
use crate::error::{Error, Result};
use crate::id::EventId;
use crate::key::Key;
use crate::people;

const FORMAT: u64 = 1;
const FILE_MODE: u32 = 0o660;
/// Characters of a key that are kept in its file's name, for those who look for it.
const READABLE: usize = 48;
const NFS: i64 = 0x6969;
const SMB: [i64; 2] = [0x517b, 0xfe53_4d42];
const CIFS: i64 = 0xff53_4d42;

/// A store's directory.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

/// The content of the file `store`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Drawn when the store was made.
    pub epoch: Epoch,
    /// Above every id of every log that was removed.
    pub floor: EventId,
}

impl Directory {
    /// Takes an existing directory; it is looked at when it is used.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says what is wrong with the directory, if anything is.
    ///
    /// # Errors
    /// [`Error::DirectoryMissing`], [`Error::NotADirectory`], [`Error::Denied`].
    pub fn check(&self) -> Result<()> {
        let metadata = fs::metadata(&self.path).map_err(|error| failed("use", &self.path, error))?;
        if !metadata.is_dir() {
            return Err(Error::NotADirectory { path: self.path.clone() });
        }
        let access = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        rustix::fs::accessat(rustix::fs::CWD, &self.path, access, rustix::fs::AtFlags::EACCESS)
            .map_err(|error| failed("write in", &self.path, error.into()))
    }

    /// Whether changes here go unseen by inotify.
    #[must_use]
    pub fn is_on_network(&self) -> bool {
        #[cfg(target_os = "linux")]
        {
            #[expect(clippy::unnecessary_cast, reason = "the type of f_type differs between platforms")]
            let kind = rustix::fs::statfs(&self.path).map_or(0, |fs| fs.f_type as i64);
            kind == NFS || kind == CIFS || SMB.contains(&kind)
        }
        #[cfg(not(target_os = "linux"))]
        false
    }

    /// The log of a key: what can be read of its name, and its hash.
    #[must_use]
    pub fn log(&self, key: &Key) -> PathBuf {
        let mut name: String = key
            .as_bytes()
            .iter()
            .take(READABLE)
            .map(
                |&byte| {
                    if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) { byte as char } else { '_' }
                },
            )
            .collect();
        name.push('-');
        for byte in key.digest().iter().take(16) {
            // Writing to a String can't fail.
            let _ = write!(name, "{byte:02x}");
        }
        name.push_str(".log");
        self.path.join(name)
    }

    /// Epoch and floor; a directory without them becomes a store.
    ///
    /// # Errors
    /// Those of [`Directory::check`], [`Error::NewerFormat`], [`Error::DamagedStore`].
    pub fn meta(&self) -> Result<Meta> {
        match self.read_meta()? {
            Some(meta) => Ok(meta),
            None => self.locked(|| self.meta_while_locked()),
        }
    }

    /// [`Directory::meta`] for who holds the directory's lock.
    ///
    /// # Errors
    /// As above.
    pub fn meta_while_locked(&self) -> Result<Meta> {
        if let Some(meta) = self.read_meta()? {
            return Ok(meta);
        }
        let meta = Meta { epoch: random_epoch(), floor: EventId::ZERO };
        self.replace(&self.meta_path(), &write_meta(meta), false)?;
        Ok(meta)
    }

    /// Raises the floor to `at_least`. The caller holds the directory's lock.
    ///
    /// # Errors
    /// Those of [`Directory::meta`] and of writing.
    pub fn raise_floor(&self, at_least: EventId) -> Result<()> {
        let meta = self.meta_while_locked()?;
        if meta.floor >= at_least {
            return Ok(());
        }
        self.replace(&self.meta_path(), &write_meta(Meta { floor: at_least, ..meta }), true)
    }

    fn meta_path(&self) -> PathBuf {
        self.path.join("store")
    }

    fn read_meta(&self) -> Result<Option<Meta>> {
        let path = self.meta_path();
        match fs::read(&path) {
            Ok(bytes) => read_meta(&bytes, &path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.check().map(|()| None),
            Err(error) => Err(failed("read", &path, error)),
        }
    }

    /// Runs `action` while no other process makes or removes files here.
    ///
    /// # Errors
    /// Those of `action`, [`Error::Locked`].
    pub fn locked<T>(&self, action: impl FnOnce() -> Result<T>) -> Result<T> {
        let path = self.path.join("lock");
        let file = match open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.check()?;
                let created = OpenOptions::new()
                    .read(true)
                    .write(true)
                    .create_new(true)
                    .mode(FILE_MODE)
                    .custom_flags(flags())
                    .open(&path);
                match created {
                    Ok(file) => {
                        self.share(&file).map_err(|error| failed("create", &path, error))?;
                        file
                    }
                    // Another process was faster.
                    Err(_) => open(&path).map_err(|error| failed("open", &path, error))?,
                }
            }
            other => other.map_err(|error| failed("open", &path, error))?,
        };
        let _locked = lock::exclusive(&file, &path)?;
        action()
    }

    /// Puts a whole new file in the place of `path`, or leaves all as it was.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Denied`], [`Error::Io`].
    pub fn replace(&self, path: &Path, bytes: &[u8], sync: bool) -> Result<()> {
        self.replace_with(path, sync, |file| file.write_all(bytes))
    }

    /// [`Directory::replace`], with the bytes written by `fill`.
    ///
    /// # Errors
    /// As above.
    pub fn replace_with(
        &self,
        path: &Path,
        sync: bool,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary =
            self.path.join(format!(".{name}.{}-{:08x}.new", std::process::id(), random_epoch().0));
        let written = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .custom_flags(flags())
            .open(&temporary)
            .and_then(|mut file| {
                self.share(&file)?;
                fill(&mut file)?;
                if sync {
                    file.sync_data()?;
                }
                fs::rename(&temporary, path)?;
                if sync {
                    File::open(&self.path)?.sync_data()?;
                }
                Ok(())
            });
        written.map_err(|error| {
            let _ = fs::remove_file(&temporary);
            failed("write", path, error)
        })
    }

    /// Gives a new file the mode and group that all users of the store share.
    pub(super) fn share(&self, file: &File) -> io::Result<()> {
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        let group = fs::metadata(&self.path)?.gid();
        if file.metadata()?.gid() != group {
            // Root may; who isn't in the group may not, and then shares with nobody.
            let _ = fchown(file, None, Some(group));
        }
        Ok(())
    }
}

/// Opens a file of the store for reading and writing; never through a symbolic link.
pub fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(flags()).open(path)
}

#[expect(clippy::cast_possible_wrap, reason = "open flags are small positive numbers")]
fn flags() -> i32 {
    (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits() as i32
}

/// Device and inode: which file it is, whatever its name.
pub fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// The system's error as ours, with the facts that help.
pub fn failed(action: &'static str, path: &Path, error: io::Error) -> Error {
    let directory = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let group = people::this_group();
    match Errno::from_io_error(&error) {
        Some(Errno::NOENT) if !directory.exists() => {
            let user = people::this_user();
            let missing = if action == "use" { path } else { directory };
            Error::DirectoryMissing {
                path: missing.to_owned(),
                remedy: format!("sudo install -d -m 2770 -o {user} -g {group} {}", missing.display()),
            }
        }
        Some(Errno::NOTDIR) => Error::NotADirectory { path: directory.to_owned() },
        Some(Errno::NOSPC | Errno::DQUOT) => Error::Full { action, path: path.to_owned() },
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => {
            let (guilty, metadata) = guilty(path, directory);
            let facts = metadata
                .map_or_else(|| "it can't be looked at".into(), |metadata| people::owner_and_mode(&metadata));
            let remedy = if Errno::from_io_error(&error) == Some(Errno::ROFS) {
                "its file system is mounted read-only: name another directory in sse.dir".into()
            } else {
                format!(
                    "give both one group: sudo chgrp -R {group} {0} && sudo chmod 2770 {0} && sudo chmod -f 660 {0}/*",
                    directory.display()
                )
            };
            Error::Denied { action, path: guilty.to_owned(), facts, user: people::this_process(), remedy }
        }
        _ => Error::Io { action, path: path.to_owned(), source: error },
    }
}

/// The path that refuses: the file, or a directory above it.
fn guilty<'a>(path: &'a Path, directory: &'a Path) -> (&'a Path, Option<fs::Metadata>) {
    for candidate in [path, directory].into_iter().chain(directory.ancestors()) {
        if let Ok(metadata) = fs::metadata(candidate) {
            return (candidate, Some(metadata));
        }
    }
    (path, None)
}

fn random_epoch() -> Epoch {
    let mut bytes = [0_u8; 4];
    // With four bytes it is never interrupted; without entropy the clock must do.
    if rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).is_err() {
        bytes = (crate::id::now_millis() as u32).to_be_bytes();
    }
    Epoch(u32::from_be_bytes(bytes))
}

fn write_meta(meta: Meta) -> Vec<u8> {
    let line = format!("sse-store {FORMAT} {:08x} {}", meta.epoch.0, meta.floor);
    format!("{line} {:08x}\n", crc32fast::hash(line.as_bytes())).into_bytes()
}

fn read_meta(bytes: &[u8], path: &Path) -> Result<Meta> {
    let damaged = |what| Error::DamagedStore { path: path.to_owned(), what };
    let text = std::str::from_utf8(bytes).map_err(|_| damaged("it isn't text"))?;
    let line = text.strip_suffix('\n').ok_or_else(|| damaged("its line has no end"))?;
    let mut fields = line
        .strip_prefix("sse-store ")
        .ok_or_else(|| damaged("it doesn't begin with \"sse-store\""))?
        .split(' ');
    let format = fields
        .next()
        .and_then(|field| field.parse::<u64>().ok())
        .ok_or_else(|| damaged("it has no format number"))?;
    if format > FORMAT {
        return Err(Error::NewerFormat { path: path.to_owned(), found: format, known: FORMAT });
    }
    let (body, crc) = line.rsplit_once(' ').ok_or_else(|| damaged("it has no checksum"))?;
    if u32::from_str_radix(crc, 16).ok() != Some(crc32fast::hash(body.as_bytes())) {
        return Err(damaged("its checksum is wrong"));
    }
    let epoch = fields
        .next()
        .and_then(|field| u32::from_str_radix(field, 16).ok())
        .ok_or_else(|| damaged("it has no epoch"))?;
    let floor =
        fields.next().and_then(|field| field.parse().ok()).ok_or_else(|| damaged("it has no floor"))?;
    Ok(Meta { epoch: Epoch(epoch), floor })
}
