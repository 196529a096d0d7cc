//! Eight processes push, three read, drop and resume from their cursor at random.
//!
//! Each reader waits by another signal. Whatever happens: of each key it gets every event that a push
//! answered, once and in order, or a gap that covers it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use sse_core::feed::{Content, Feed};
use sse_core::id::EventId;
use sse_core::key::{Key, Keys};
use sse_core::signal::{self, Choice, Waits};
use sse_core::store::file::FileStore;
use sse_core::store::file::format::{Header, write_header, write_line};
use sse_core::store::{Item, Store};
use sse_core::stream::request::Replay;
use tempfile::{TempDir, tempdir};

use crate::support::{PATIENCE, Process, Random, draft, key, number, push, role, set, store, variable, wait};

const KEYS: [&str; 3] = ["one", "two", "thr/ee"];
const SIGNALS: [(&str, Choice); 3] =
    [("inotify", Choice::Inotify), ("poll", Choice::Poll), ("notify", Choice::Notify)];
const EVERYTHING: u64 = 1 << 40;

/// A line `key id pusher n` for each event whose push was answered.
type Answered = HashMap<(String, EventId), (u64, u64)>;

struct Crowd {
    place: TempDir,
    store: Arc<FileStore>,
    keep: u64,
    seed: u64,
    pushers: u64,
    readers: Vec<(PathBuf, Process)>,
}

impl Crowd {
    /// Readers that have seen all there is.
    fn gather(keep: u64, prepare: impl FnOnce(&Path)) -> Self {
        let place = tempdir().unwrap();
        fs::create_dir(place.path().join("store")).unwrap();
        let store = store(&place.path().join("store"), keep);
        prepare(&place.path().join("store"));
        let seed = u64::from(std::process::id());
        eprintln!("seed {seed}");
        let mut crowd = Self { place, store, keep, seed, pushers: 0, readers: Vec::new() };
        let now = Feed::now(&*crowd.store, &keys()).unwrap();
        for (name, _) in SIGNALS {
            let out = crowd.place.path().join(format!("read by {name}"));
            let mut command = crowd.role("reader", &out);
            set(&mut command, "SIGNAL", name);
            set(&mut command, "CURSOR", &now);
            crowd.readers.push((out, Process::start(&mut command)));
        }
        crowd
    }

    fn role(&mut self, name: &str, out: &Path) -> std::process::Command {
        let mut command = role(name);
        set(&mut command, "DIR", self.place.path().join("store").display());
        set(&mut command, "OUT", out.display());
        set(&mut command, "KEEP", self.keep);
        self.seed += 1;
        set(&mut command, "SEED", self.seed);
        command
    }

    fn pusher(&mut self, count: u64, largest: u64) -> Process {
        let out = self.place.path().join(format!("pushed {}", self.pushers));
        let mut command = self.role("pusher", &out);
        set(&mut command, "NAME", self.pushers);
        set(&mut command, "COUNT", count);
        set(&mut command, "LARGEST", largest);
        self.pushers += 1;
        Process::start(&mut command)
    }

    /// Tells the readers that this was all, and waits for what they got.
    fn disperse(&mut self) -> (Answered, Vec<(PathBuf, Got)>) {
        for name in KEYS {
            push(&self.store, name, "\"end\"");
        }
        let readers = std::mem::take(&mut self.readers);
        let got = readers.into_iter().map(|(out, process)| {
            process.finish();
            let got = Got::read(&out);
            (out, got)
        });
        let got = got.collect();
        let mut answered = HashMap::new();
        for pusher in 0..self.pushers {
            let text =
                fs::read_to_string(self.place.path().join(format!("pushed {pusher}"))).unwrap_or_default();
            // Who is killed may leave half a line here too.
            for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
                let mut fields = line.split(' ');
                let (name, id, n) = (fields.next().unwrap(), fields.next().unwrap(), fields.next().unwrap());
                answered.insert((name.to_owned(), id.parse().unwrap()), (pusher, n.parse().unwrap()));
            }
        }
        (answered, got)
    }
}

/// What a reader got.
#[derive(Default)]
struct Got {
    events: Vec<(String, EventId, Value)>,
    gaps: Vec<(HashSet<String>, EventId, EventId)>,
}

impl Got {
    fn read(out: &Path) -> Self {
        let mut got = Self::default();
        for line in fs::read_to_string(out).unwrap().lines() {
            match line.splitn(4, ' ').collect::<Vec<_>>()[..] {
                ["event", name, id, json] => {
                    let json = serde_json::from_str(json).unwrap();
                    got.events.push((name.into(), id.parse().unwrap(), json));
                }
                ["gap", names, from, to] => {
                    let names = names.split(',').map(str::to_owned).collect();
                    got.gaps.push((names, from.parse().unwrap(), to.parse().unwrap()));
                }
                _ => panic!("{line}"),
            }
        }
        got
    }

    /// Everything answered is here once and in order, or in a gap; nothing else is, but for one event
    /// of each pusher that was killed.
    fn check(&self, who: &Path, answered: &Answered) {
        let mut last: BTreeMap<&str, EventId> = BTreeMap::new();
        let mut last_of_pusher: HashMap<(&str, u64), u64> = HashMap::new();
        let mut unanswered: HashMap<u64, u64> = HashMap::new();
        let mut seen = HashSet::new();
        for (name, id, json) in &self.events {
            let before = last.insert(name, *id);
            assert!(before.is_none_or(|before| before < *id), "{who:?}: {id} of {name} after {before:?}");
            seen.insert((name.clone(), *id));
            if json == "end" {
                continue;
            }
            let (pusher, n) = (json["pusher"].as_u64().unwrap(), json["n"].as_u64().unwrap());
            let before = last_of_pusher.insert((name, pusher), n);
            assert!(before.is_none_or(|before| before < n), "{who:?}: {n} of {pusher} after {before:?}");
            match answered.get(&(name.clone(), *id)) {
                Some(answer) => assert_eq!(*answer, (pusher, n), "{who:?}"),
                None => *unanswered.entry(pusher).or_default() += 1,
            }
        }
        assert!(unanswered.values().all(|count| *count <= 1), "{who:?}: never answered {unanswered:?}");
        for (name, id) in answered.keys() {
            let told = |(names, from, to): &(HashSet<String>, EventId, EventId)| {
                names.contains(name) && from < id && id <= to
            };
            let here = seen.contains(&(name.clone(), *id));
            assert!(here || self.gaps.iter().any(told), "{who:?}: {id} of {name} is lost silently");
        }
    }
}

/// The role of who pushes.
pub fn pusher() {
    let (out, count, largest) = (PathBuf::from(variable("OUT")), number("COUNT"), number("LARGEST"));
    let (name, mut random) = (number("NAME"), Random(number("SEED")));
    let store = store(Path::new(&variable("DIR")), number("KEEP"));
    let mut answered = fs::File::options().append(true).create(true).open(out).unwrap();
    for n in 0..count {
        let name_of_key = KEYS[random.below(3) as usize];
        let size = random.below(largest) as usize;
        let json = format!(r#"{{"pusher":{name},"n":{n},"pad":"{}"}}"#, "x".repeat(size));
        let id = push(&store, name_of_key, &json);
        std::io::Write::write_all(&mut answered, format!("{name_of_key} {id} {n}\n").as_bytes()).unwrap();
    }
}

/// The role of who reads: connects, takes some frames, loses the last few, and comes back.
pub fn reader() {
    let mut random = Random(number("SEED"));
    let (_, choice) = SIGNALS.into_iter().find(|(name, _)| *name == variable("SIGNAL")).unwrap();
    let (mut signal, why) = signal::open(choice, &Waits::Files { network: false, told_late: false });
    assert_eq!(why, None);
    let store = store(Path::new(&variable("DIR")), number("KEEP"));
    // A line for each frame, and the cursor it came with.
    let mut frames: Vec<(String, String)> = Vec::new();
    let (connected, began) = (variable("CURSOR"), Instant::now());
    loop {
        let cursor = frames.last().map_or(&connected, |(_, cursor)| cursor);
        let mut feed =
            Feed::open(store.clone(), keys(), Some(cursor.as_bytes()), Replay::None, signal.as_mut())
                .unwrap();
        let leaves = Instant::now() + Duration::from_millis(random.below(60));
        let mut more = random.below(600);
        while more > 0 && Instant::now() < leaves {
            match feed.next(signal.as_mut()).unwrap() {
                Some(delivery) => {
                    frames.push((line(&delivery.content), delivery.cursor));
                    more -= 1;
                }
                None => {
                    wait(signal.as_ref(), leaves.saturating_duration_since(Instant::now()));
                    feed.wake(&signal.changes());
                }
            }
        }
        feed.close(signal.as_mut());
        if frames.iter().rev().take(1_000).filter(|(line, _)| line.ends_with("\"end\"")).count() == KEYS.len()
        {
            break;
        }
        frames.truncate(frames.len() - (random.below(4) as usize).min(frames.len()));
        assert!(began.elapsed() < PATIENCE, "{} frames, and no end", frames.len());
    }
    let text: String = frames.into_iter().map(|(line, _)| line + "\n").collect();
    fs::write(variable("OUT"), text).unwrap();
}

fn keys() -> Keys {
    Keys::new(KEYS.map(key).to_vec()).unwrap()
}

fn line(content: &Content) -> String {
    let name = |key: &Key| String::from_utf8(key.as_bytes().to_vec()).unwrap();
    match content {
        Content::Event(key, event) => {
            format!("event {} {} {}", name(key), event.id, String::from_utf8_lossy(&event.draft.json))
        }
        Content::Gap(keys, gap) => {
            let names: Vec<String> = keys.iter().map(name).collect();
            format!("gap {} {} {}", names.join(","), gap.from, gap.to)
        }
    }
}

#[test]
fn eight_pushers_and_three_readers_lose_nothing() {
    let mut crowd = Crowd::gather(EVERYTHING, |_| ());
    let pushers: Vec<Process> = (0..8).map(|_| crowd.pusher(1_000, 200)).collect();
    pushers.into_iter().for_each(Process::finish);
    let (answered, got) = crowd.disperse();
    assert_eq!(answered.len(), 8_000);
    for (who, got) in got {
        assert_eq!(got.gaps.len(), 0, "{who:?}");
        assert_eq!(got.events.len(), 8_000 + KEYS.len(), "{who:?}");
        got.check(&who, &answered);
    }
}

#[test]
fn ids_of_eight_pushers_rise_under_a_clock_that_stepped_back() {
    let hour_ahead = sse_core::id::now_millis() + 3_600_000;
    let mut crowd = Crowd::gather(EVERYTHING, |directory| {
        let store = store(directory, EVERYTHING);
        for name in KEYS {
            let (last_id, epoch) =
                (EventId::new(hour_ahead, 16_000), store.directory().meta().unwrap().epoch);
            let header =
                Header { epoch, trimmed_through: EventId::ZERO, last_id: EventId::ZERO, key: key(name) };
            let log =
                [write_header(&header), write_line(last_id, last_id.millis, &draft("\"first\""))].concat();
            fs::write(store.directory().log(&key(name)), log).unwrap();
        }
    });
    let pushers: Vec<Process> = (0..8).map(|_| crowd.pusher(300, 20)).collect();
    pushers.into_iter().for_each(Process::finish);
    let (answered, got) = crowd.disperse();
    assert!(answered.keys().all(|(_, id)| id.millis >= hour_ahead));
    for (who, got) in got {
        assert_eq!(got.gaps.len(), 0, "{who:?}");
        got.check(&who, &answered);
    }
}

#[test]
fn with_retention_at_work_what_is_missing_was_told() {
    let mut crowd = Crowd::gather(40, |_| ());
    let pushers: Vec<Process> = (0..8).map(|_| crowd.pusher(1_000, 200)).collect();
    pushers.into_iter().for_each(Process::finish);
    let (answered, got) = crowd.disperse();
    assert_eq!(answered.len(), 8_000);
    got.iter().for_each(|(who, got)| got.check(who, &answered));
    assert!(got.iter().any(|(_, got)| !got.gaps.is_empty()), "retention had nothing to do");
}

#[test]
fn pushers_that_are_killed_leave_no_event_twice_or_half() {
    killed(EVERYTHING);
}

#[test]
fn pushers_that_are_killed_while_they_drop_old_events_lose_none_silently() {
    killed(20);
}

/// Four pushers, of which one is killed every few milliseconds and another takes its place.
fn killed(keep: u64) {
    let mut crowd = Crowd::gather(keep, |_| ());
    let mut random = Random(crowd.seed);
    let mut pushers: Vec<Process> = (0..4).map(|_| crowd.pusher(EVERYTHING, 20_000)).collect();
    for _ in 0..40 {
        std::thread::sleep(Duration::from_micros(2_000 + random.below(10_000)));
        pushers.remove(random.below(4) as usize).kill();
        pushers.push(crowd.pusher(EVERYTHING, 20_000));
    }
    pushers.into_iter().for_each(Process::kill);
    let (answered, got) = crowd.disperse();
    // A slow machine answers few; a broken one none.
    assert!(answered.len() > 10, "only {} pushes were answered", answered.len());
    for (who, got) in &got {
        assert!(keep < EVERYTHING || got.gaps.is_empty(), "{who:?}: {:?}", got.gaps);
        got.check(who, &answered);
    }
    for name in KEYS {
        let items = crowd.store.read(&key(name), None, usize::MAX).unwrap();
        assert!(
            items.iter().all(|item| matches!(item, Item::Event(_))),
            "the log of {name} has a half event"
        );
    }
}
