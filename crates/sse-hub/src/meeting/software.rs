//! Which file the code of this process was loaded from, and whether another one is in its place by now.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::file::{self, Identity};
use crate::wire::message::{Build, PROTOCOL};

/// The file that this code was loaded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Software {
    /// Its path.
    pub path: PathBuf,
    /// Which file that was when it was loaded.
    pub build: Build,
    /// Which directory the root was then.
    root: Option<Identity>,
}

impl Software {
    /// Finds the file that holds this very function.
    ///
    /// # Errors
    /// The system can't tell, or the file is gone.
    pub fn loaded() -> io::Result<Self> {
        let path = path_of_this_code().ok_or(ErrorKind::NotFound)?;
        let build = Build { protocol: PROTOCOL, build: identity(&std::fs::metadata(&path)?) };
        Ok(Self { path, build, root: root() })
    }

    /// Whether this process has another root than when the file was loaded: paths mean other files here.
    #[must_use]
    pub fn is_in_chroot(&self) -> bool {
        self.root != root()
    }

    /// Since when another file is at its path, if one is.
    #[must_use]
    pub fn replaced(&self) -> Option<SystemTime> {
        let file = std::fs::metadata(&self.path).ok().filter(|file| identity(file) != self.build.build)?;
        let since = Duration::new(u64::try_from(file.ctime()).ok()?, u32::try_from(file.ctime_nsec()).ok()?);
        Some(SystemTime::UNIX_EPOCH + since)
    }
}

fn root() -> Option<Identity> {
    file::identity(std::fs::metadata("/"))
}

/// Version, device, inode, length and time of change: another build has others.
fn identity(file: &Metadata) -> String {
    format!(
        "{}-{:x}-{:x}-{:x}-{:x}",
        env!("CARGO_PKG_VERSION"),
        file.dev(),
        file.ino(),
        file.len(),
        file.mtime_nsec() ^ file.mtime().rotate_left(32)
    )
}

fn path_of_this_code() -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: a zeroed structure of pointers and integers is valid; the system fills it or answers 0.
    // The name it gives lives as long as the file is loaded, and is copied.
    unsafe {
        let mut found: libc::Dl_info = std::mem::zeroed();
        let here: fn() -> Option<PathBuf> = path_of_this_code;
        if libc::dladdr(here as *const libc::c_void, &raw mut found) == 0 || found.dli_fname.is_null() {
            return None;
        }
        let name = std::ffi::CStr::from_ptr(found.dli_fname);
        std::fs::canonicalize(OsStr::from_bytes(name.to_bytes())).ok()
    }
}
