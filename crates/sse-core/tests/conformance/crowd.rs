//! Processes that push, and processes that connect, drop and resume at random.
//!
//! Whatever happens: of each key a reader gets every event that a push answered, once and in order.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use sse_core::feed::{Content, Feed};
use sse_core::id::EventId;
use sse_core::key::Keys;
use sse_core::signal::{self, Choice};
use sse_core::store::Store;
use sse_core::stream::request::Replay;

use crate::behaviours::push;
use crate::place::{Place, open};
use crate::support::{PATIENCE, Process, Random, key, number, role, set, variable, wait};

const KEYS: [&str; 3] = ["one", "two", "thr/ee"];
const READERS: u64 = 3;
const EVERYTHING: u64 = 1 << 30;

pub struct Crowd<'p> {
    place: &'p Place,
    store: Arc<dyn Store>,
    seed: u64,
    pushers: u64,
    readers: Vec<(PathBuf, Process)>,
}

impl<'p> Crowd<'p> {
    pub fn gather(place: &'p Place) -> Self {
        let store = open(&place.dsn(), EVERYTHING);
        let seed = u64::from(std::process::id());
        eprintln!("seed {seed}");
        let mut crowd = Self { place, store, seed, pushers: 0, readers: Vec::new() };
        let now = Feed::now(&*crowd.store, &keys()).unwrap();
        for reader in 0..READERS {
            let out = place.path().join(format!("read {reader}"));
            let mut command = crowd.role("reader", &out);
            set(&mut command, "CURSOR", &now);
            crowd.readers.push((out, Process::start(&mut command)));
        }
        crowd
    }

    fn role(&mut self, name: &str, out: &Path) -> std::process::Command {
        let mut command = role(name);
        self.seed += 1;
        set(&mut command, "DSN", self.place.dsn());
        set(&mut command, "OUT", out.display());
        set(&mut command, "SEED", self.seed);
        command
    }

    pub fn pusher(&mut self, count: u64, largest: u64) -> Process {
        let out = self.pushed(self.pushers);
        let mut command = self.role("pusher", &out);
        set(&mut command, "KEYS", KEYS.len());
        set(&mut command, "NAME", self.pushers);
        set(&mut command, "COUNT", count);
        set(&mut command, "LARGEST", largest);
        self.pushers += 1;
        Process::start(&mut command)
    }

    fn pushed(&self, pusher: u64) -> PathBuf {
        self.place.path().join(format!("pushed {pusher}"))
    }

    /// Until the last pusher has pushed some.
    pub fn wait_for_a_push(&self) {
        let began = Instant::now();
        let out = self.pushed(self.pushers - 1);
        while fs::metadata(&out).map_or(0, |file| file.len()) < 500 {
            assert!(began.elapsed() < PATIENCE, "nothing is pushed");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Tells the readers that this was all, and checks what they got; `at_least` pushes were answered.
    pub fn disperse(self, at_least: usize) {
        for name in KEYS {
            push(&self.store, name, "\"end\"");
        }
        let mut answered = HashMap::new();
        for pusher in 0..self.pushers {
            let text = fs::read_to_string(self.pushed(pusher)).unwrap_or_default();
            // Who is killed may leave half a line here too.
            for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
                let fields: Vec<&str> = line.split(' ').collect();
                let at: (String, EventId) = (fields[0].into(), fields[1].parse().unwrap());
                answered.insert(at, (pusher, fields[2].parse().unwrap()));
            }
        }
        assert!(answered.len() >= at_least);
        for (out, process) in self.readers {
            process.finish();
            check(&out, &answered);
        }
    }
}

/// Everything answered is here once and in order; nothing else is, but for one event of each pusher
/// that was killed.
fn check(out: &Path, answered: &HashMap<(String, EventId), (u64, u64)>) {
    let mut last: BTreeMap<String, EventId> = BTreeMap::new();
    let mut last_of_pusher: HashMap<(String, u64), u64> = HashMap::new();
    let mut unanswered: HashMap<u64, u64> = HashMap::new();
    let mut seen = HashSet::new();
    for line in fs::read_to_string(out).unwrap().lines() {
        let [name, id, json] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (name, id, json): (String, EventId, Value) =
            (name.into(), id.parse().unwrap(), serde_json::from_str(json).unwrap());
        let before = last.insert(name.clone(), id);
        assert!(before.is_none_or(|before| before < id), "{out:?}: {id} of {name} after {before:?}");
        seen.insert((name.clone(), id));
        if json == "end" {
            continue;
        }
        let (pusher, n) = (json["pusher"].as_u64().unwrap(), json["n"].as_u64().unwrap());
        let before = last_of_pusher.insert((name.clone(), pusher), n);
        assert!(before.is_none_or(|before| before < n), "{out:?}: {n} of {pusher} after {before:?}");
        match answered.get(&(name, id)) {
            Some(answer) => assert_eq!(*answer, (pusher, n), "{out:?}"),
            None => *unanswered.entry(pusher).or_default() += 1,
        }
    }
    assert!(unanswered.values().all(|count| *count <= 1), "{out:?}: never answered {unanswered:?}");
    let lost: Vec<_> = answered.keys().filter(|at| !seen.contains(*at)).collect();
    assert!(lost.is_empty(), "{out:?}: {} lost, such as {:?}", lost.len(), lost.first());
}

/// The role of who pushes.
pub fn pusher() {
    let (count, largest, keys) = (number("COUNT"), number("LARGEST"), number("KEYS"));
    let (name, mut random) = (number("NAME"), Random(number("SEED")));
    let store = open(&variable("DSN"), EVERYTHING);
    let mut answered = File::options().append(true).create(true).open(variable("OUT")).unwrap();
    for n in 0..count {
        let name_of_key = KEYS[usize::try_from(random.below(keys)).unwrap()];
        let pad = "x".repeat(usize::try_from(random.below(largest)).unwrap());
        let id = push(&store, name_of_key, &format!(r#"{{"pusher":{name},"n":{n},"pad":"{pad}"}}"#));
        answered.write_all(format!("{name_of_key} {id} {n}\n").as_bytes()).unwrap();
    }
}

fn keys() -> Keys {
    Keys::new(KEYS.map(key).to_vec()).unwrap()
}

/// The role of who reads: connects, takes some frames, loses the last few, and comes back.
pub fn reader() {
    let mut random = Random(number("SEED"));
    let store = open(&variable("DSN"), EVERYTHING);
    let (mut signal, why) = signal::open(Choice::Auto, &store.waits());
    assert_eq!(why, None);
    // A line for each event, and the cursor it came with.
    let mut frames: Vec<(String, String)> = Vec::new();
    let (connected, began) = (variable("CURSOR"), Instant::now());
    loop {
        let cursor = frames.last().map_or(&connected, |(_, cursor)| cursor).clone();
        let mut feed =
            Feed::open(Arc::clone(&store), keys(), Some(cursor.as_bytes()), Replay::None, signal.as_mut())
                .unwrap();
        let leaves = Instant::now() + Duration::from_millis(random.below(60));
        let mut more = random.below(600);
        while more > 0 && Instant::now() < leaves {
            match feed.next(signal.as_mut()).unwrap().map(|delivery| (delivery.content, delivery.cursor)) {
                Some((Content::Event(key, event), cursor)) => {
                    let json = String::from_utf8(event.draft.json).unwrap();
                    let name = String::from_utf8_lossy(key.as_bytes());
                    frames.push((format!("{name} {} {json}\n", event.id), cursor));
                    more -= 1;
                }
                Some((Content::Gap(keys, gap), _)) => panic!("{keys:?} {gap:?} behind {cursor}"),
                None => {
                    wait(signal.as_ref(), leaves.saturating_duration_since(Instant::now()));
                    feed.wake(&signal.changes());
                }
            }
        }
        feed.close(signal.as_mut());
        if frames.iter().rev().take(1_000).filter(|(line, _)| line.ends_with("\"end\"\n")).count()
            == KEYS.len()
        {
            break;
        }
        frames.truncate(frames.len() - usize::try_from(random.below(4)).unwrap().min(frames.len()));
        assert!(began.elapsed() < PATIENCE, "{} frames, and no end", frames.len());
    }
    let text: String = frames.into_iter().map(|(line, _)| line).collect();
    fs::write(variable("OUT"), text).unwrap();
}
