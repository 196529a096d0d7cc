//! A full disk: a small file system in memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sse_core::Error;
use sse_core::retention::Retention;
use sse_core::store::Policy;
use sse_core::store::file::FileStore;
use sse_core::store::{Item, Store};
use tempfile::{TempDir, tempdir};

use crate::support::{draft, is_root, key, push, skip, store};

/// A file system of 256 KiB; `None` where none can be mounted.
struct Small(TempDir);

impl Small {
    fn mount() -> Option<Self> {
        if !is_root() {
            skip("only root can mount a small file system");
            return None;
        }
        let place = tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=256k", "sse-test"]).arg(place.path());
        if !mount.status().is_ok_and(|status| status.success()) {
            skip("no file system can be mounted here");
            return None;
        }
        Some(Self(place))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes so many bytes away.
    fn fill(&self, bytes: usize) -> PathBuf {
        let path = self.path().join("something else");
        fs::write(&path, vec![b'x'; bytes]).unwrap();
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn json(number: usize, size: usize) -> String {
    format!("\"{number} {}\"", "x".repeat(size))
}

fn all(store: &FileStore) -> Vec<String> {
    let items = store.read(&key("a"), None, usize::MAX).unwrap();
    let text = |item: &Item| match item {
        Item::Event(event) => String::from_utf8(event.draft.json.clone()).unwrap(),
        Item::Gap(gap) => panic!("{gap:?}"),
    };
    items.iter().map(text).collect()
}

/// Pushes until the disk is full, and answers what was stored.
fn push_until_full(store: &FileStore, size: usize) -> Vec<String> {
    let mut stored = Vec::new();
    for number in 0..1_000 {
        match store.append(&key("a"), &draft(&json(number, size))) {
            Ok(_) => stored.push(json(number, size)),
            Err(Error::Full { .. }) => return stored,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the disk is never full");
}

#[test]
fn a_full_disk_refuses_pushes_and_keeps_all_that_was_answered() {
    let Some(disk) = Small::mount() else { return };
    let something_else = disk.fill(64 << 10);
    let store = store(disk.path(), 1 << 20);
    let mut stored = push_until_full(&store, 1_000);
    assert!(stored.len() > 100, "{}", stored.len());
    let log = store.directory().log(&key("a"));
    for size in [5_000, 20_000, 100_000, 9_999] {
        let error = store.append(&key("a"), &draft(&json(0, size))).unwrap_err();
        assert!(matches!(error, Error::Full { .. }), "{error}");
        assert!(error.to_string().contains(log.to_str().unwrap()), "{error}");
        assert_eq!(fs::read(&log).unwrap().last(), Some(&b'\n'), "something half-written is left");
        assert_eq!(all(&store), stored);
    }
    let error = store.append(&key("another"), &draft("1")).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error}");
    fs::remove_file(something_else).unwrap();
    stored.push(json(0, 20_000));
    push(&store, "a", &json(0, 20_000));
    push(&store, "another", "1");
    assert_eq!(all(&store), stored);
    let left: Vec<_> = fs::read_dir(disk.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".new")), "{left:?}");
}

#[test]
fn a_log_that_cannot_be_shortened_for_lack_of_space_is_later() {
    let Some(disk) = Small::mount() else { return };
    let something_else = disk.fill(100 << 10);
    let retention = Retention { bytes: 80_000, ..Retention::default() };
    let store = FileStore::new(disk.path(), Policy { retention, ..Policy::default() });
    let stored = push_until_full(&store, 1_000);
    assert!(stored.len() * 1_000 > retention.bytes_limit() as usize, "{}", stored.len());
    assert_eq!(all(&store), stored);
    fs::remove_file(something_else).unwrap();
    push(&store, "a", "\"last\"");
    let kept = all(&store);
    assert!(kept.len() < 80 && kept.last().unwrap() == "\"last\"", "{}", kept.len());
}

#[test]
fn a_store_cannot_begin_on_a_full_disk_and_can_when_there_is_space() {
    let Some(disk) = Small::mount() else { return };
    let something_else = disk.path().join("something else");
    // Until nothing more goes in.
    let filled = fs::write(&something_else, vec![b'x'; 512 << 10]);
    assert!(filled.is_err());
    let store = store(disk.path(), 10);
    let error = store.append(&key("a"), &draft("1")).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error}");
    fs::remove_file(something_else).unwrap();
    push(&store, "a", "1");
    assert_eq!(all(&store), ["1"]);
}
