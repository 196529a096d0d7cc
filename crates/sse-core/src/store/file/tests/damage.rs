//! Writers stopped in the middle, and bytes that somebody or something changed.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;

use super::*;
use crate::store::file::format::{Tail, read_tail};

/// A store with a log of three events, each of another form, and their ids.
fn three(place: &Path) -> (Arc<FileStore>, Key, PathBuf, Vec<Event>) {
    let (store, key) = (store(place), key("a key"));
    let name = crate::event::EventName::new("näme".as_bytes()).unwrap();
    let drafts = [
        draft(r#"{"event":"toast","n":1}"#),
        Draft::new(br#""two""#.to_vec(), Some(name)).unwrap(),
        draft("[3]"),
    ];
    let ids = drafts.map(|draft| store.append(&key, &draft).unwrap());
    let read = store.read(&key, None, 9).unwrap().into_iter();
    let events: Vec<Event> =
        read.filter_map(|item| if let Item::Event(event) = item { Some(event) } else { None }).collect();
    assert!(events.iter().map(|event| event.id).eq(ids));
    let path = store.directory().log(&key);
    (store, key, path, events)
}

#[test]
fn a_torn_line_is_removed_by_the_next_push_wherever_it_was_cut() {
    let place = tempdir().unwrap();
    let (_, key, path, events) = three(place.path());
    let whole = fs::read(&path).unwrap();
    let torn = EventId::new(events[2].id.millis, events[2].id.sequence + 1);
    let line = format::write_line(torn, now() - 5_000, &draft(r#"{"event":"a b","n":4}"#));
    for cut in 1..line.len() - 1 {
        assert_eq!(read_tail(&line[..cut]), Tail::Torn);
        fs::write(&path, [&whole, &line[..cut]].concat()).unwrap();
        let store = store(place.path());
        let before = told(&store.read(&key, Some(events[1].id), 9).unwrap());
        let id = push(&store, &key, "5");
        push(&store, &key, "6");
        let after = told(&store.read(&key, Some(events[1].id), 9).unwrap());
        assert_eq!(
            (before, after),
            (vec!["[3]".into()], ["[3]", "5", "6"].map(String::from).to_vec()),
            "{cut}"
        );
        assert!(id > events[2].id);
    }
}

#[test]
fn a_line_that_only_lacks_its_end_is_kept() {
    let place = tempdir().unwrap();
    let (_, key, path, events) = three(place.path());
    let mut log = fs::read(&path).unwrap();
    assert_eq!(log.pop(), Some(b'\n'));
    fs::write(&path, log).unwrap();
    let store = store(place.path());
    push(&store, &key, "4");
    assert_eq!(told(&store.read(&key, Some(events[1].id), 9).unwrap()), ["[3]", "4"]);
}

#[test]
fn a_reader_takes_no_line_before_its_end_is_written() {
    let place = tempdir().unwrap();
    let (store, key, path, events) = three(place.path());
    let whole = fs::read(&path).unwrap();
    let id = events[2].id.next(now());
    let line = format::write_line(id, now() - 5_000, &draft("4"));
    let mut reader = store.reader(&key, Start::Newest(0)).unwrap().reader;
    for end in 1..line.len() {
        fs::write(&path, [&whole, &line[..end]].concat()).unwrap();
        assert!(reader.read(1 << 20).unwrap().is_empty());
    }
    fs::write(&path, [whole, line].concat()).unwrap();
    assert_eq!(told(&reader.read(1 << 20).unwrap()), ["4"]);
}

/// Everything a client at `from` gets that reads, and reads again after one more push. Asserts that
/// events come whole, once and in order; answers which came, and the gaps.
fn session(place: &Path, key: &Key, from: Option<EventId>, known: &[Event]) -> (Vec<EventId>, Vec<Gap>) {
    let store = store(place);
    let mut items = store.read(key, from, usize::MAX).unwrap();
    let pushed = push(&store, key, "\"after\"");
    let position = items.iter().fold(from, |_, item| match item {
        Item::Event(event) => Some(event.id),
        Item::Gap(gap) => Some(gap.to),
    });
    items.extend(store.read(key, position, usize::MAX).unwrap());
    let (mut ids, mut gaps) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Gap(gap) => gaps.push(gap),
            Item::Event(event) if event.id == pushed => ids.push(event.id),
            Item::Event(event) => {
                assert!(known.contains(&event), "{event:?} was never pushed");
                ids.push(event.id);
            }
        }
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?} are not in order, or twice");
    assert_eq!(ids.last(), Some(&pushed), "what is pushed after the damage arrives");
    (ids, gaps)
}

#[test]
fn any_byte_of_a_log_may_change_and_nothing_is_lost_silently() {
    let place = tempdir().unwrap();
    let (store, key, path, events) = three(place.path());
    let start = store.reader(&key, Start::Oldest).unwrap().reader.position();
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        for to in [whole[at] ^ 1, whole[at] ^ 0x20, whole[at] ^ 0x80, b'\n', b' ', b'9', 0] {
            if to == whole[at] {
                continue;
            }
            for from in [start, events[1].id] {
                fs::write(&path, &whole).unwrap();
                damage(&path, at, to);
                let (ids, gaps) = session(place.path(), &key, Some(from), &events);
                for lost in events.iter().filter(|event| event.id > from && !ids.contains(&event.id)) {
                    let tells = |gap: &Gap| gap.from < lost.id && (lost.id <= gap.to || gap.to == gap.from);
                    assert!(gaps.iter().any(tells), "byte {at} as {to}, from {from}: {lost:?} in {gaps:?}");
                }
            }
        }
    }
}

#[test]
fn a_reader_that_stands_behind_the_damage_gets_what_follows() {
    let place = tempdir().unwrap();
    let (store, key, path, _) = three(place.path());
    let whole = fs::read(&path).unwrap();
    for (at, byte) in whole.iter().enumerate() {
        fs::write(&path, &whole).unwrap();
        let mut reader = store.reader(&key, Start::Newest(0)).unwrap().reader;
        let position = reader.position();
        damage(&path, at, byte ^ 1);
        push(&crate::testing::store(place.path()), &key, "4");
        let mut items: Vec<Item> = reader.read(1 << 20).unwrap().into();
        if !reader.is_current().unwrap() {
            let opened = store.reader(&key, Start::After(reader.position())).unwrap();
            assert_eq!(opened.gap, None, "byte {at}");
            reader = opened.reader;
            items.extend(reader.read(1 << 20).unwrap());
        }
        let after: Vec<String> = told(&items).into_iter().filter(|item| item != "…").collect();
        assert_eq!(after, ["4"], "byte {at}");
        assert!(reader.position() > position);
    }
}

#[test]
fn a_line_that_was_mended_since_it_was_read_is_delivered() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    push_all(&store, &key, 0..3);
    let path = store.directory().log(&key);
    let whole = fs::read(&path).unwrap();
    damage(&path, find(&path, " 1\n") + 1, b'x');
    let mut reader = store.reader(&key, Start::Oldest).unwrap().reader;
    assert_eq!(told(&reader.read(1).unwrap()), ["0"]);
    // By now the reader has the rest in memory.
    fs::write(&path, whole).unwrap();
    assert_eq!(told(&reader.read(1 << 20).unwrap()), ["1", "2"]);
}

#[test]
fn damaged_lines_that_follow_each_other_are_one_gap() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let ids = push_all(&store, &key, 0..5);
    let path = store.directory().log(&key);
    for id in &ids[1..4] {
        damage(&path, find(&path, &format!("{id} - ")) + 2, b'x');
    }
    let items = store.read(&key, Some(ids[0]), 9).unwrap();
    assert_eq!(told(&items), ["…", "4"]);
    assert_eq!(items[0], Item::Gap(Gap { from: ids[0], to: ids[4].before() }));
}

#[test]
fn a_gap_over_damage_is_told_once() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let ids = [5, 6, 8].map(|n| EventId::new(now(), n));
    let path = write_log(&store, &key, &ids);
    damage(&path, find(&path, &format!("{} ", ids[1])), b'x');
    let opened = store.reader(&key, Start::After(ids[0])).unwrap();
    let mut reader = opened.reader;
    assert_eq!(told(&reader.read(1).unwrap()), ["…"]);
    let again = store.read(&key, Some(reader.position()), 9).unwrap();
    assert_eq!(told(&again), ["2"]);
    assert_eq!(told(&reader.read(1).unwrap()), ["2"]);
}

#[test]
fn who_has_an_event_that_is_damaged_now_gets_nothing_twice() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let ids = push_all(&store, &key, 0..3);
    let path = store.directory().log(&key);
    damage(&path, find(&path, &format!("{} ", ids[2])), b'x');
    assert_eq!(told(&store.read(&key, Some(ids[2]), 9).unwrap()), ["…"]);
    push(&crate::testing::store(place.path()), &key, "3");
    assert_eq!(told(&store.read(&key, Some(ids[2]), 9).unwrap()), ["…", "3"]);
}

#[test]
fn a_damaged_line_is_an_error_for_as_long_as_a_writer_hangs() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let ids = push_all(&store, &key, 0..4);
    let path = store.directory().log(&key);
    damage(&path, find(&path, &format!("{} ", ids[2])), b'x');
    let mut reader = store.reader(&key, Start::Oldest).unwrap().reader;
    let other = fs::File::open(&path).unwrap();
    let held = lock::exclusive(&other, &path, Patience::Waits).unwrap();
    assert_eq!(told(&reader.read(1 << 20).unwrap()), ["0", "1"]);
    assert!(matches!(reader.read(1 << 20), Err(Error::Locked { .. })));
    drop(held);
    assert_eq!(told(&reader.read(1 << 20).unwrap()), ["…", "3"]);
}

#[test]
fn a_log_emptied_by_hand_is_a_gap_and_works_on() {
    let place = tempdir().unwrap();
    let (_, key, path, events) = three(place.path());
    let store = store(place.path());
    push(&store, &key, "4");
    // A log that is made in the millisecond of its predecessor isn't told from it.
    wait_for("the next millisecond", || now() > events[2].id.millis);
    fs::write(&path, "").unwrap();
    push(&store, &key, "5");
    assert_eq!(told(&store.read(&key, Some(events[2].id), 9).unwrap()), ["…", "5"]);
}

#[test]
fn a_log_whose_header_is_gone_keeps_its_ids_rising_under_a_clock_that_stepped_back() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let last = EventId::new(now() + DAY, 3);
    let path = write_log(&store, &key, &[last]);
    damage(&path, 0, b'x');
    assert!(push(&store, &key, "1") > last);
    assert_eq!(all(&store, &key), ["0", "1"]);
}

/// A log of two events with so many bytes between them that are no line and have no end; where its path is,
/// and the events' ids.
fn flooded(store: &FileStore, key: &Key, bytes: u64) -> (PathBuf, Vec<EventId>) {
    let ids: Vec<EventId> = (0..2).map(|n| EventId::new(now() - 1_000 + n, 0)).collect();
    let path = write_log(store, key, &ids[..1]);
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let begins = file.metadata().unwrap().len();
    file.set_len(begins + bytes).unwrap();
    file.write_all(b"\n").unwrap();
    file.write_all(&format::write_line(ids[1], ids[1].millis, &draft("\"behind\""))).unwrap();
    (path, ids)
}

#[test]
fn a_flood_without_a_line_end_is_one_gap_that_is_worked_through_in_pieces() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let (_, ids) = flooded(&store, &key, 60 << 20);
    for start in [Start::Oldest, Start::After(ids[0])] {
        let mut reader = store.reader(&key, start).unwrap().reader;
        let (mut items, mut pauses) = (Vec::new(), 0);
        loop {
            let read = reader.read(1 << 20).unwrap();
            if read.is_empty() && !reader.has_more() {
                break;
            }
            pauses += usize::from(reader.has_more());
            items.extend(read);
        }
        let expected = match start {
            Start::Oldest => vec!["0", "…", "\"behind\""],
            _ => vec!["…", "\"behind\""],
        };
        assert_eq!(told(&items), expected);
        assert!(pauses >= 10, "{pauses}");
    }
}

#[test]
fn a_flood_that_has_no_end_yet_is_told_once_when_it_has() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let (path, ids) = flooded(&store, &key, 10 << 20);
    let flood = fs::metadata(&path).unwrap().len() + (20 << 20);
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(flood).unwrap();
    let mut reader = store.reader(&key, Start::After(ids[1])).unwrap().reader;
    let mut read = || {
        let mut items = VecDeque::new();
        loop {
            let read = reader.read(1 << 20).unwrap();
            if read.is_empty() && !reader.has_more() {
                return told(&items);
            }
            items.extend(read);
        }
    };
    assert_eq!(read(), [""; 0]);
    // Its writer ends it, in a store that keeps all of it.
    let retention = Retention { bytes: 1 << 30, ..Retention::default() };
    let patient = FileStore::new(place.path(), Policy { retention, ..Policy::default() });
    push(&patient, &key, "1");
    assert_eq!(read(), ["…", "1"]);
    push(&patient, &key, "2");
    assert_eq!(read(), ["2"]);
}

#[test]
fn a_push_drops_a_flood_and_who_was_not_told_of_it_is_told() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let (path, ids) = flooded(&store, &key, 60 << 20);
    push(&store, &key, "1");
    assert!(fs::metadata(&path).unwrap().len() < 1 << 20);
    assert_eq!(told(&store.read(&key, Some(ids[0]), 9).unwrap()), ["…", "\"behind\"", "1"]);
    assert_eq!(told(&store.read(&key, Some(ids[1].before()), 9).unwrap()), ["\"behind\"", "1"]);
    assert_eq!(told(&store.read(&key, Some(ids[1]), 9).unwrap()), ["1"]);
}

#[test]
fn a_flood_in_the_place_of_a_log_is_dropped_when_its_header_is_made_anew() {
    let place = tempdir().unwrap();
    let (store, key) = (store(place.path()), key("a"));
    let ids = push_all(&store, &key, 0..1);
    let path = store.directory().log(&key);
    fs::write(&path, "").unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(60 << 20).unwrap();
    push(&store, &key, "1");
    assert!(fs::metadata(&path).unwrap().len() < 1 << 20);
    assert_eq!(told(&store.read(&key, Some(ids[0]), 9).unwrap()), ["…", "1"]);
}

/// A change by hand: the bytes from `at` on for `length` are overwritten, taken out or put in.
#[derive(Clone, Debug)]
enum Change {
    Overwrite(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let bytes = || {
        let likely = prop::sample::select(b"0123456789-n=,c+ \n\n\n[]{}abcdefx\0\xff".to_vec());
        prop::collection::vec(likely, 1..40)
    };
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), bytes()).prop_map(|(at, bytes)| Change::Overwrite(at, bytes)),
        (at(), 1..200_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (at(), bytes()).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_change_by_hand_stops_a_log(changes in prop::collection::vec(change(), 1..4), from in 0..5_usize) {
        let place = tempdir().unwrap();
        let (_, key, path, events) = three(place.path());
        let mut log = fs::read(&path).unwrap();
        for change in changes {
            match change {
                Change::Overwrite(at, bytes) => {
                    let at = at.index(log.len() + 1);
                    let end = log.len().min(at + bytes.len());
                    log.splice(at..end, bytes);
                }
                Change::Remove(at, length) => {
                    let at = at.index(log.len() + 1);
                    log.drain(at..log.len().min(at + length));
                }
                Change::Insert(at, bytes) => drop(log.splice(at.index(log.len() + 1).., bytes).count()),
            }
        }
        fs::write(&path, log).unwrap();
        let from = from.checked_sub(2).and_then(|at| events.get(at)).map(|event| event.id);
        session(place.path(), &key, from, &events);
    }

    #[test]
    fn a_line_removed_whole_disturbs_no_other(numbers in prop::collection::btree_set(0..20_usize, 1..10)) {
        let place = tempdir().unwrap();
        let (store, key) = (store(place.path()), key("a"));
        let ids = push_all(&store, &key, 0..20);
        let path = store.directory().log(&key);
        let lines: BTreeMap<usize, String> =
            fs::read_to_string(&path).unwrap().lines().map(|line| format!("{line}\n")).enumerate().collect();
        let kept = lines.into_iter().filter(|(at, _)| *at == 0 || !numbers.contains(&(at - 1)));
        fs::write(&path, kept.map(|(_, line)| line).collect::<String>()).unwrap();
        let expected: Vec<String> =
            (0..20).filter(|at| !numbers.contains(at)).map(|at| at.to_string()).collect();
        prop_assert_eq!(all(&store, &key), expected);
        prop_assert!(push(&store, &key, "20") > ids[0]);
    }
}
