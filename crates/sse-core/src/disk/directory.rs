//! A directory whose files are shared, and how files are made in it.
//!
//! ```text
//! lock    empty; held while a file is made or removed
//! .*.new  a file being made, renamed in when it is whole
//! ```
//! Files get 0660 and the directory's group whatever the umask: command line users, cron and the
//! web user share them by group.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, Timespec, Timestamps, UTIME_NOW, futimens};

use super::lock::{self, Patience};
use super::refusal::{failed, failed_beside, missing};
use crate::cursor::Epoch;
use crate::error::{Error, Result};
use crate::key::Key;

const FILE_MODE: u32 = 0o660;
/// Characters of a key that are kept in its file's name, for those who look for it.
const READABLE: usize = 48;
/// Bytes that no file of ours has but a log.
const SMALL: u64 = 64 << 10;
const NFS: i64 = 0x6969;
const SMB: [i64; 2] = [0x517b, 0xfe53_4d42];
const CIFS: i64 = 0xff53_4d42;

/// A directory of shared files.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
    patience: Patience,
}

impl Directory {
    /// Takes an existing directory; it is looked at when it is used.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self::with_patience(path, Patience::default())
    }

    /// The same, with another patience for locks that others hold.
    #[must_use]
    pub fn with_patience(path: &Path, patience: Patience) -> Self {
        Self { path: path.to_owned(), patience }
    }

    /// How long locks that others hold are waited for.
    #[must_use]
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says what is wrong with the directory, if anything is.
    ///
    /// # Errors
    /// [`Error::DirectoryMissing`], [`Error::NotADirectory`]; [`Error::Denied`] when this user may not read and
    /// write in it; [`Error::Io`] when the system can't say.
    pub fn check(&self) -> Result<()> {
        self.checked(|action, error| failed(action, &self.path, error))
    }

    /// The same for a directory in which a database lies: the remedy is for that alone.
    ///
    /// # Errors
    /// Those of [`Directory::check`].
    pub fn check_around(&self, database: &Path) -> Result<()> {
        self.checked(|action, error| failed_beside(database, action, &self.path, error))
    }

    fn checked(&self, failed: impl Fn(&'static str, io::Error) -> Error) -> Result<()> {
        let metadata = fs::metadata(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(&self.path),
            io::ErrorKind::NotADirectory => Error::NotADirectory { path: self.path.clone() },
            _ => failed("use", error),
        })?;
        if !metadata.is_dir() {
            return Err(Error::NotADirectory { path: self.path.clone() });
        }
        let access = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        rustix::fs::accessat(rustix::fs::CWD, &self.path, access, rustix::fs::AtFlags::EACCESS)
            .map_err(|error| failed("write in", error.into()))
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

    /// The file of a key with this extension: what can be read of the key's name, and its hash.
    #[must_use]
    pub fn file_of(&self, key: &Key, extension: &str) -> PathBuf {
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
        self.path.join(format!("{name}.{extension}"))
    }

    /// Runs `action` while no other process makes or removes files here.
    ///
    /// # Errors
    /// Those of `action`; [`Error::Locked`] when another process kept the lock; those of
    /// [`Directory::shared_file`] for the lock itself.
    pub fn locked<T>(&self, action: impl FnOnce() -> Result<T>) -> Result<T> {
        let path = self.path.join("lock");
        loop {
            let file = self.shared_file(&path)?;
            let _locked = lock::exclusive(&file, &path, self.patience)?;
            let held = identity(&file.metadata().map_err(|error| failed("look at", &path, error))?);
            // Removed by hand while we waited, it keeps nobody away.
            if fs::metadata(&path).is_ok_and(|named| identity(&named) == held) {
                return action();
            }
        }
    }

    /// Opens a file that its users lock; a missing one is made, empty.
    ///
    /// # Errors
    /// Those of [`Directory::check`]; [`Error::Full`] when it has to be made and can't be; [`Error::Io`].
    pub fn shared_file(&self, path: &Path) -> Result<File> {
        loop {
            match open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.check()?;
                    self.make(path).map_err(|error| failed("create", path, error))?;
                }
                other => return other.map_err(|error| failed("open", path, error)),
            }
        }
    }

    /// Makes an empty file unless there is one. It has its mode before it has its name: nobody meets
    /// one that isn't shared yet.
    fn make(&self, path: &Path) -> io::Result<()> {
        let (temporary, file) = self.temporary(path)?;
        let linked = self.share(&file).and_then(|()| fs::hard_link(&temporary, path));
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                // Some file systems know no second names.
                fs::rename(&temporary, path).inspect_err(|_| drop(fs::remove_file(&temporary)))
            }
            _ => fs::remove_file(&temporary),
        }
    }

    fn temporary(&self, path: &Path) -> io::Result<(PathBuf, File)> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = self.path.join(format!(".{name}.{}-{:08x}.new", std::process::id(), Epoch::draw().0));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(FILE_MODE).custom_flags(flags());
        let file = options.open(&temporary)?;
        Ok((temporary, file))
    }

    /// Puts a whole new file in the place of `path`, or leaves all as it was.
    ///
    /// # Errors
    /// [`Error::Full`] when the disk is; [`Error::Denied`] when no file may be made there; [`Error::Io`] for
    /// anything else that the system refuses.
    pub fn replace(&self, path: &Path, bytes: &[u8], sync: bool) -> Result<()> {
        self.replace_with(path, sync, |file| file.write_all(bytes))
    }

    /// The same, with the bytes written by `fill`.
    ///
    /// # Errors
    /// Those of [`Directory::replace`], also for what `fill` says.
    pub fn replace_with(
        &self,
        path: &Path,
        sync: bool,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<()> {
        let (temporary, mut file) =
            self.temporary(path).map_err(|error| failed("write in", &self.path, error))?;
        let written = self.share(&file).and_then(|()| {
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

    /// Gives a new file the mode and group that all users of the directory share.
    fn share(&self, file: &File) -> io::Result<()> {
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        let group = fs::metadata(&self.path)?.gid();
        if file.metadata()?.gid() != group {
            // Root may; who isn't in the group may not, and then shares with nobody.
            let _ = fchown(file, None, Some(group));
        }
        Ok(())
    }
}

/// Opens a shared file for reading and writing; never through a symbolic link.
pub fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(flags()).open(path)
}

#[expect(clippy::cast_possible_wrap, reason = "open flags are small positive numbers")]
fn flags() -> i32 {
    (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits() as i32
}

/// A file's bytes; of one that is larger than any of ours, only so many that this shows.
pub fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(SMALL).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Device and inode: which file it is, whatever its name.
pub fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Has a file look as if it was written to now; that needs no room on the disk.
pub fn touch(file: &File) -> rustix::io::Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    futimens(file, &Timestamps { last_access: now, last_modification: now })
}

/// When a file was last written to, in milliseconds since 1970.
pub fn modified_millis(metadata: &fs::Metadata) -> u64 {
    let millis = metadata.mtime().saturating_mul(1_000).saturating_add(metadata.mtime_nsec() / 1_000_000);
    u64::try_from(millis).unwrap_or(0)
}
