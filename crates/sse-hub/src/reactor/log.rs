//! The hub's log: lines with a time, in a file that never grows beyond 2 MiB with its predecessor.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Bytes after which a log begins anew; the one before is kept.
const LONGEST: u64 = 1 << 20;

/// A log, or standard error where the file can't be written.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: Option<File>,
}

impl Log {
    /// A log at a path.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        Self { path: path.to_owned(), file: append_to(path) }
    }

    /// Writes one line.
    pub fn write(&mut self, line: &str) {
        let time = humantime::format_rfc3339_seconds(SystemTime::now());
        let text = format!("{time} [{}] {}\n", std::process::id(), line.replace('\n', " "));
        let ours = self.file.as_ref().and_then(|file| file.metadata().ok());
        if let Some(ours) = ours.filter(|ours| ours.len() >= LONGEST) {
            // Another hub that logs here may have begun it anew already.
            if fs::metadata(&self.path).is_ok_and(|named| named.ino() == ours.ino()) {
                let mut before = self.path.clone().into_os_string();
                before.push(".1");
                let _ = fs::rename(&self.path, before);
            }
            self.file = append_to(&self.path);
        }
        let written = self.file.as_mut().map(|file| file.write_all(text.as_bytes()));
        if !matches!(written, Some(Ok(()))) {
            // Nobody may read it; there is no other place.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

fn append_to(path: &Path) -> Option<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(libc::O_NOFOLLOW).open(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_grew_long_is_kept_once_and_begun_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hub.log");
        fs::write(&path, vec![b'x'; LONGEST as usize]).unwrap();
        let mut log = Log::open(&path);
        log.write("one");
        log.write("two");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(fs::metadata(directory.path().join("hub.log.1")).unwrap().len(), LONGEST);
    }

    #[test]
    fn a_log_that_another_hub_has_begun_anew_is_not_begun_anew_once_more() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hub.log");
        fs::write(&path, vec![b'x'; LONGEST as usize]).unwrap();
        let (mut one, mut another) = (Log::open(&path), Log::open(&path));
        one.write("one");
        another.write("another");
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
        assert_eq!(fs::metadata(directory.path().join("hub.log.1")).unwrap().len(), LONGEST);
    }
}
