//! What the tests of store and feed share.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::event::Draft;
use crate::id::EventId;
use crate::key::{Key, Keys};
use crate::retention::Retention;
use crate::store::file::FileStore;
use crate::store::file::format::{self, Header};
use crate::store::{Item, Policy, Store};

pub const DAY: u64 = 86_400_000;

pub fn store(directory: &Path) -> Arc<FileStore> {
    FileStore::new(directory, Policy::default())
}

/// A store that keeps so many events of a key.
pub fn store_of(directory: &Path, events: u64) -> Arc<FileStore> {
    let retention = Retention { events, ..Retention::default() };
    FileStore::new(directory, Policy { retention, ..Policy::default() })
}

pub fn key(name: &str) -> Key {
    Key::new(name.as_bytes()).unwrap()
}

pub fn keys(names: &[&str]) -> Keys {
    Keys::new(names.iter().map(|name| key(name)).collect()).unwrap()
}

pub fn draft(json: &str) -> Draft {
    Draft::new(json.into(), None).unwrap()
}

pub fn push(store: &FileStore, key: &Key, json: &str) -> EventId {
    store.append(key, &draft(json)).unwrap()
}

/// Pushes the numbers of a range and answers their ids.
pub fn push_all(store: &FileStore, key: &Key, numbers: std::ops::Range<u32>) -> Vec<EventId> {
    numbers.map(|number| push(store, key, &number.to_string())).collect()
}

/// The events' JSON; a gap is `…`.
pub fn told<'a>(items: impl IntoIterator<Item = &'a Item>) -> Vec<String> {
    let one = |item: &Item| match item {
        Item::Event(event) => String::from_utf8(event.draft.json.clone()).unwrap(),
        Item::Gap(_) => "…".into(),
    };
    items.into_iter().map(one).collect()
}

/// All that a key has.
pub fn all(store: &FileStore, key: &Key) -> Vec<String> {
    told(&store.read(key, None, usize::MAX).unwrap())
}

/// Makes a log by hand, with events of these ids; nothing was trimmed before the first.
pub fn write_log(store: &FileStore, key: &Key, ids: &[EventId]) -> PathBuf {
    let trimmed_through = ids.first().map_or(EventId::ZERO, |id| id.before());
    let epoch = store.directory().meta().unwrap().epoch;
    let header = Header { epoch, trimmed_through, last_id: trimmed_through, key: key.clone() };
    let mut bytes = format::write_header(&header);
    for (number, id) in ids.iter().enumerate() {
        bytes.extend(format::write_line(*id, id.millis, &draft(&number.to_string())));
    }
    let path = store.directory().log(key);
    fs::write(&path, bytes).unwrap();
    path
}

/// As if nobody had written to a file for so long.
pub fn age(path: &Path, millis: u64) {
    let then = SystemTime::now() - Duration::from_millis(millis);
    File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

/// Makes a byte of a file another one.
pub fn damage(path: &Path, at: usize, to: u8) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] = to;
    fs::write(path, bytes).unwrap();
}

/// Where in a file `text` stands.
pub fn find(path: &Path, text: &str) -> usize {
    let bytes = fs::read(path).unwrap();
    memchr::memmem::find(&bytes, text.as_bytes()).unwrap()
}

pub fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Waits until something is so, at most ten seconds.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
