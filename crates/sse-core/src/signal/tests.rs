use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tempfile::TempDir;

use super::*;

/// Every signal; a new one is one line.
fn signals() -> Vec<Box<dyn Signal>> {
    let mut all: Vec<Box<dyn Signal>> = vec![Box::new(Poll::new()), Box::new(Notify::new().unwrap())];
    if cfg!(target_os = "linux") {
        all.push(Box::new(Inotify::new().unwrap()));
    }
    all
}

fn file(name: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    File::create(&path).unwrap();
    (directory, path)
}

/// Waits as a caller does, at most ten seconds, until `watch` counts as changed.
fn woken(signal: &mut dyn Signal, watch: Watch) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        let pause = signal.look_every().unwrap_or(Duration::from_secs(1));
        let pause = Timespec { tv_sec: pause.as_secs().cast_signed(), tv_nsec: pause.subsec_nanos().into() };
        let mut descriptors: Vec<PollFd> =
            signal.descriptor().into_iter().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        poll(&mut descriptors, Some(&pause)).unwrap();
        match signal.changes() {
            Changes::All => return true,
            Changes::Some(changed) if changed.contains(&watch) => return true,
            Changes::Some(_) => {}
        }
    }
    false
}

#[test]
fn an_append_wakes() {
    for mut signal in signals() {
        let (_directory, path) = file("log");
        let watch = signal.watch(Trigger::File(&path)).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"x").unwrap();
        assert!(woken(signal.as_mut(), watch), "{}", signal.name());
    }
}

#[test]
fn a_replacement_by_rename_wakes_a_reader_that_holds_the_old_file() {
    for mut signal in signals() {
        let (directory, path) = file("log");
        let _held = File::open(&path).unwrap();
        let watch = signal.watch(Trigger::File(&path)).unwrap();
        let other = directory.path().join("new");
        fs::write(&other, b"new").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(woken(signal.as_mut(), watch), "{}", signal.name());
    }
}

#[test]
fn a_removed_file_wakes() {
    for mut signal in signals() {
        let (_directory, path) = file("log");
        let watch = signal.watch(Trigger::File(&path)).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(woken(signal.as_mut(), watch), "{}", signal.name());
    }
}

#[test]
fn reading_a_file_wakes_nobody() {
    if cfg!(target_os = "linux") {
        let (_directory, path) = file("log");
        let mut signal = Inotify::new().unwrap();
        signal.watch(Trigger::File(&path)).unwrap();
        fs::read(&path).unwrap();
        assert_eq!(signal.changes(), Changes::Some(Vec::new()));
    }
}

#[test]
fn a_dropped_watch_is_not_reported() {
    let (_directory, path) = file("log");
    let mut signal = Inotify::new().unwrap();
    let watch = signal.watch(Trigger::File(&path)).unwrap();
    fs::write(&path, b"x").unwrap();
    signal.unwatch(watch);
    assert_eq!(signal.changes(), Changes::Some(Vec::new()));
}

#[test]
fn a_file_watched_again_after_its_replacement_wakes_again() {
    for mut signal in signals() {
        let (directory, path) = file("log");
        let watch = signal.watch(Trigger::File(&path)).unwrap();
        let other = directory.path().join("new");
        fs::write(&other, b"").unwrap();
        fs::rename(&other, &path).unwrap();
        signal.unwatch(watch);
        let watch = signal.watch(Trigger::File(&path)).unwrap();
        signal.changes();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"x").unwrap();
        assert!(woken(signal.as_mut(), watch), "{}", signal.name());
    }
}

#[test]
fn a_file_watched_anew_before_its_old_watch_ends_wakes_again() {
    for is_replaced in [false, true] {
        for mut signal in signals() {
            let (directory, path) = file("log");
            let old = signal.watch(Trigger::File(&path)).unwrap();
            if is_replaced {
                let other = directory.path().join("new");
                fs::write(&other, b"").unwrap();
                fs::rename(&other, &path).unwrap();
            }
            let new = signal.watch(Trigger::File(&path)).unwrap();
            signal.unwatch(old);
            signal.changes();
            OpenOptions::new().append(true).open(&path).unwrap().write_all(b"x").unwrap();
            assert!(woken(signal.as_mut(), new), "{}, {is_replaced}", signal.name());
        }
    }
}

#[test]
fn watching_a_missing_file_is_an_error() {
    for mut signal in signals() {
        assert!(signal.watch(Trigger::File(Path::new("/nonexistent/log"))).is_err(), "{}", signal.name());
    }
}

#[test]
fn a_network_directory_is_looked_at_every_second() {
    let (signal, why) = open(Choice::Auto, &Waits::Files { network: true, told_late: false });
    assert_eq!((signal.name(), signal.look_every()), ("poll", Some(Duration::from_secs(1))));
    assert!(why.unwrap().contains("network file system"));
}
