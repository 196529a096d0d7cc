use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use tempfile::{TempDir, tempdir};

mod sweep;

use super::*;
use crate::disk::Directory;
use crate::error::Error;
use crate::follow::Follower;
use crate::signal::{Again, Choice, Signal};
use crate::store::Item;
use crate::testing::{DAY, draft, key, now, told as texts};

struct Place {
    directory: TempDir,
    store: Arc<SqliteStore>,
}

impl Place {
    fn new() -> Self {
        let directory = tempdir().unwrap();
        let store = SqliteStore::new(&directory.path().join("a.sqlite"), Policy::default());
        Self { directory, store }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("a.sqlite")
    }

    fn push(&self, json: &str) -> EventId {
        self.store.append(&key("a"), &draft(json)).unwrap()
    }

    fn all(&self, after: Option<EventId>) -> Vec<String> {
        texts(&self.store.read(&key("a"), after, usize::MAX).unwrap())
    }

    fn sql(&self, sql: &str) {
        self.store.database.with(|connection| connection.execute_batch(sql)).unwrap();
    }

    fn number(&self, sql: &str) -> u64 {
        self.store.database.with(|connection| connection.query_row(sql, [], |row| row.get(0))).unwrap()
    }

    /// Pushes while the clock is nine days ahead.
    fn push_ahead(&self, json: &str) -> EventId {
        self.push(json);
        let ahead = EventId::new(now() + 9 * DAY, 0);
        self.sql(&format!(
            "UPDATE events SET id = {0}; UPDATE keys SET last = {0}, oldest = {0} >> 14",
            number(ahead)
        ));
        ahead
    }
}

#[test]
fn ids_go_on_from_the_last_one_when_the_clock_steps_back() {
    let place = Place::new();
    place.push("1");
    let ahead = EventId::new(now() + DAY, 7);
    place.sql(&format!("UPDATE keys SET last = {}", number(ahead)));
    assert_eq!(place.push("2"), EventId::new(ahead.millis, 8));
}

#[test]
fn events_age_by_the_clock_and_not_by_ids_that_are_ahead_of_it() {
    let place = Place::new();
    // While the clock is ahead, and then three days by the right one.
    let ahead = place.push_ahead("1");
    place.push("2");
    place.push("3");
    assert_eq!(place.all(None), ["1", "2", "3"]);
    place.sql(&format!(
        "UPDATE keys SET oldest = oldest - {0}; UPDATE events SET time = time - {0} WHERE json = CAST('2' AS BLOB)",
        3 * DAY
    ));
    assert!(place.push("4") > ahead);
    assert_eq!(place.all(None), ["3", "4"]);
    let items = place.store.read(&key("a"), None, 9).unwrap();
    assert!(
        items
            .iter()
            .all(|item| matches!(item, Item::Event(event) if event.stored_millis.abs_diff(now()) < DAY))
    );
}

#[test]
fn a_database_of_before_there_were_times_is_used_on() {
    let place = Place::new();
    let id = place.push("1");
    place.sql("ALTER TABLE events DROP COLUMN time; ALTER TABLE store DROP COLUMN reached");
    place.store.before_fork();
    place.push("2");
    assert_eq!((place.all(None), place.all(Some(id))), (vec!["1".into(), "2".into()], vec!["2".into()]));
}

#[test]
fn a_hand_in_the_middle_of_the_log_leaves_a_gap_there() {
    let place = Place::new();
    let ids: Vec<EventId> = ["1", "2", "3", "4"].map(|json| place.push(json)).into();
    place.sql(&format!("DELETE FROM events WHERE id IN ({}, {})", number(ids[1]), number(ids[3])));
    assert_eq!(place.all(None), ["1", "…", "3", "…"]);
    assert_eq!(place.all(Some(ids[1])), ["3", "…"]);
    place.push("5");
    assert_eq!(place.all(Some(ids[2])), ["…", "5"]);
}

#[test]
fn a_database_put_back_to_an_earlier_state_is_a_gap_for_who_had_more() {
    let place = Place::new();
    let ids: Vec<EventId> = ["1", "2"].map(|json| place.push(json)).into();
    let mut reader = place.store.reader(&key("a"), Start::Newest(0)).unwrap().reader;
    place.sql(&format!(
        "DELETE FROM events WHERE id = {}; UPDATE keys SET last = {}",
        number(ids[1]),
        number(ids[0])
    ));
    assert_eq!(reader.read(1).unwrap().len(), 0);
    let opened = place.store.reader(&key("a"), Start::After(reader.position())).unwrap();
    assert!(opened.gap.is_some());
}

#[test]
fn all_files_are_shared_by_group_whatever_the_umask() {
    let place = Place::new();
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    place.push("1");
    place.store.reader(&key("b"), Start::Oldest).unwrap();
    rustix::process::umask(before);
    let signals = paths::beside(&place.path(), "-signals");
    let metadata = fs::metadata(&signals).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o2770);
    let around = fs::metadata(place.directory.path()).unwrap().gid();
    let files = [place.directory.path(), &signals].map(|directory| fs::read_dir(directory).unwrap());
    for file in files.into_iter().flatten().map(|file| file.unwrap()).filter(|file| file.path().is_file()) {
        let metadata = file.metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o660, "{:?}", file.path());
        assert_eq!(metadata.gid(), around, "{:?}", file.path());
    }
}

#[test]
fn what_is_no_database_or_a_later_one_is_refused_by_name() {
    let place = Place::new();
    fs::write(place.path(), "this is no database, whatever its name says").unwrap();
    let error = place.store.append(&key("a"), &draft("1")).unwrap_err();
    assert!(matches!(error, Error::DamagedStore { .. }), "{error}");
    let place = Place::new();
    place.push("1");
    place.sql("PRAGMA user_version = 2");
    place.store.before_fork();
    let error = place.store.append(&key("a"), &draft("1")).unwrap_err();
    assert!(matches!(error, Error::NewerFormat { found: 2, known: 1, .. }), "{error}");
}

#[test]
fn what_others_put_there_that_is_larger_than_any_event_of_ours_is_a_gap() {
    let place = Place::new();
    place.push("1");
    let id = place.push("2");
    place.push("3");
    let too_long = crate::event::MAX_JSON + 1;
    place.sql(&format!("UPDATE events SET json = zeroblob({too_long}) WHERE id = {}", number(id)));
    assert_eq!(place.all(None), ["1", "…", "3"]);
}

/// A follower of the key, by the signal that the store asks for or another one.
fn follow(place: &Place, signal: &mut dyn Signal) -> Follower {
    let mut follower = Follower::begin(&*place.store, &key("a"), Start::Newest(0), signal).unwrap().follower;
    assert!(follower.fill(&*place.store, &key("a"), signal, 1).unwrap().is_empty());
    follower
}

#[test]
fn a_signal_file_that_takes_the_number_of_a_removed_one_wakes_too() {
    let place = Place::new();
    // A pusher that stays would keep the file's number from being free.
    let push =
        |json| drop(SqliteStore::new(&place.path(), Policy::default()).append(&key("a"), &draft(json)));
    push("1");
    let mut signal = crate::signal::open(Choice::Auto, &Waits::Files { network: false, told_late: false }).0;
    let mut follower = follow(&place, &mut *signal);
    let signals = paths::beside(&place.path(), "-signals");
    let path = Directory::new(&signals).file_of(&key("a"), "signal");
    let number = fs::metadata(&path).unwrap().ino();
    // Others may take the number meanwhile.
    for _ in 0..100 {
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        if fs::metadata(&path).unwrap().ino() == number {
            break;
        }
    }
    let mut arrived = || {
        follower.wake(&signal.changes());
        texts(&follower.fill(&*place.store, &key("a"), &mut *signal, 1).unwrap())
    };
    assert_eq!(arrived(), [""; 0]);
    arrived();
    push("2");
    crate::testing::wait_for("the push", || arrived() == ["2"]);
}

#[test]
fn an_event_whose_pusher_was_killed_before_it_woke_anybody_arrives_soon() {
    let place = Place::new();
    place.push("1");
    let by_name = crate::signal::open(Choice::Auto, &place.store.waits()).0;
    assert!(by_name.look_every().is_some_and(|every| every <= Duration::from_secs(10)));
    let mut signal = Again::new(by_name, Duration::from_millis(20));
    let mut follower = follow(&place, &mut signal);
    let stored = place.store.database.write(|transaction| {
        let mut log = log::open(transaction, &key("a"), now())?;
        log.append(transaction, &draft("2"), &place.store.policy.retention, now())
    });
    stored.unwrap();
    crate::testing::wait_for("the event", || {
        follower.wake(&signal.changes());
        texts(&follower.fill(&*place.store, &key("a"), &mut signal, 1).unwrap()) == ["2"]
    });
}

#[test]
fn a_lock_held_for_too_long_is_an_error_and_nothing_is_stored() {
    let place = Place::new();
    place.push("1");
    let other = SqliteStore::new(&place.path(), Policy::default());
    let held = other.database.write(|_| Ok(place.store.append(&key("a"), &draft("2")).unwrap_err()));
    assert!(matches!(held.unwrap(), Error::Locked { .. }));
    assert_eq!(place.all(None), ["1"]);
}

#[test]
fn what_others_removed_is_made_again() {
    let place = Place::new();
    let ids: Vec<EventId> = ["1", "2"].map(|json| place.push(json)).into();
    fs::remove_dir_all(paths::beside(&place.path(), "-signals")).unwrap();
    place.push("3");
    assert_eq!(place.all(Some(ids[0])), ["2", "3"]);
    fs::remove_file(place.path()).unwrap();
    assert!(place.push("4") > ids[1]);
    assert_eq!(place.all(Some(ids[0])), ["…", "4"]);
}
