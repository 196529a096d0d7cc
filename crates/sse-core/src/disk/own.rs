//! A directory of this user's own, where everybody may make some: in the temporary directory, for one.
//!
//! ```text
//! <name>          where nobody else has taken that
//! <name>-<drawn>  else; the first of ours
//! ```
//! Always true:
//! - what isn't ours alone, a symbolic link for one, is passed by: a name that somebody else takes first
//!   keeps nobody from having a directory, and nobody can take one that is drawn;
//! - all processes of a user find the same one;
//! - who only looks makes nothing.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::cursor::Epoch;

/// How long is waited for others who draw a name. Anybody could keep them from it, so not for ever.
const PATIENCE: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_millis(1);

/// The temporary directory as it was when this was first asked for: code that changes the process's
/// environment later leads nobody elsewhere.
pub fn temporary() -> &'static Path {
    static FIRST: OnceLock<PathBuf> = OnceLock::new();
    FIRST.get_or_init(std::env::temp_dir)
}

/// The directory in `around`, if there is one.
///
/// # Errors
/// `around` can't be listed.
pub fn find(around: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    let usual = around.join(name);
    if is_ours(&usual) {
        return Ok(Some(usual));
    }
    let prefix = format!("{name}-");
    let paths = fs::read_dir(around)?.filter_map(|entry| {
        let entry = entry.ok()?;
        let is_one = entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix));
        (is_one && is_ours(&entry.path())).then(|| entry.path())
    });
    Ok(paths.min())
}

/// The directory in `around`, made if there is none.
///
/// # Errors
/// What the system says.
pub fn find_or_make(around: &Path, name: &str) -> io::Result<PathBuf> {
    if let Some(found) = find(around, name)? {
        return Ok(found);
    }
    let usual = around.join(name);
    match make(&usual) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ if is_ours(&usual) => return Ok(usual),
        _ => {}
    }
    let _turn = turn(around);
    if let Some(found) = find(around, name)? {
        return Ok(found);
    }
    make(&around.join(format!("{name}-{:08x}{:08x}", Epoch::draw().0, Epoch::draw().0)))?;
    // Where somebody kept us from waiting for our turn, another process may have made one as well.
    find(around, name)?.ok_or_else(|| io::ErrorKind::PermissionDenied.into())
}

fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

fn is_ours(path: &Path) -> bool {
    let user = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(path)
        .is_ok_and(|found| found.is_dir() && found.uid() == user && found.mode() & 0o077 == 0)
}

/// Held by who draws a name, so that two processes don't draw two.
fn turn(around: &Path) -> Option<File> {
    let directory = File::open(around).ok()?;
    let until = Instant::now() + PATIENCE;
    while flock(&directory, FlockOperation::NonBlockingLockExclusive).is_err() {
        if Instant::now() >= until {
            return None;
        }
        std::thread::sleep(LOOK);
    }
    Some(directory)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::Barrier;

    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_directory_is_made_for_its_user_alone_and_found_again() {
        let around = tempdir().unwrap();
        assert_eq!(find(around.path(), "a").unwrap(), None);
        assert_eq!(fs::read_dir(around.path()).unwrap().count(), 0, "looking makes nothing");
        let made = find_or_make(around.path(), "a").unwrap();
        assert_eq!(made, around.path().join("a"));
        assert_eq!(fs::metadata(&made).unwrap().mode() & 0o7777, 0o700);
        assert_eq!(find(around.path(), "a").unwrap(), Some(made));
    }

    #[test]
    fn names_that_somebody_else_took_keep_nobody_from_having_a_directory() {
        let around = tempdir().unwrap();
        let at = |name: &str| around.path().join(name);
        fs::create_dir(at("real")).unwrap();
        // Links, also to a directory of ours; a file; a directory that others can enter.
        symlink(at("real"), at("a")).unwrap();
        symlink(at("real"), at("a-0")).unwrap();
        symlink(at("nowhere"), at("a-1")).unwrap();
        fs::write(at("a-2"), "").unwrap();
        fs::create_dir(at("a-3")).unwrap();
        fs::set_permissions(at("a-3"), fs::Permissions::from_mode(0o711)).unwrap();
        let drawn = find_or_make(around.path(), "a").unwrap();
        assert!(is_ours(&drawn) && drawn.to_str().unwrap().contains("/a-"), "{}", drawn.display());
        assert_eq!(find_or_make(around.path(), "a").unwrap(), drawn);
        assert_eq!(fs::read_dir(at("real")).unwrap().count(), 0);
        // The usual name is free again: who has a directory stays there.
        fs::remove_file(at("a")).unwrap();
        assert_eq!(find_or_make(around.path(), "a").unwrap(), drawn);
    }

    #[test]
    fn all_who_draw_a_name_at_the_same_time_take_the_same() {
        for _ in 0..20 {
            let around = tempdir().unwrap();
            fs::write(around.path().join("a"), "somebody else's").unwrap();
            let together = Barrier::new(8);
            let taken: Vec<PathBuf> = std::thread::scope(|scope| {
                let one = || {
                    together.wait();
                    find_or_make(around.path(), "a").unwrap()
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(taken.iter().all(|path| *path == taken[0]), "{taken:?}");
        }
    }

    #[test]
    fn nobody_can_keep_others_from_drawing_a_name() {
        let around = tempdir().unwrap();
        fs::write(around.path().join("a"), "somebody else's").unwrap();
        let theirs = File::open(around.path()).unwrap();
        flock(&theirs, FlockOperation::LockExclusive).unwrap();
        assert!(is_ours(&find_or_make(around.path(), "a").unwrap()));
    }
}
