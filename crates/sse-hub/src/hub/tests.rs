//! The hub without sockets: a store in a directory, and clients that are lists of bytes.

use std::collections::HashMap;
use std::path::Path;

use proptest::prelude::*;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sse_core::event::Draft;
use sse_core::store::Settings;
use sse_core::store::file::FileStore;
use tempfile::TempDir;

use super::*;
use crate::message::{Build, Bytes, Offer, PROTOCOL, Reason, Replay};

/// What each client was sent.
#[derive(Default)]
struct Clients {
    sent: HashMap<usize, Vec<u8>>,
    blocked: Vec<usize>,
    /// How many bytes a client takes before it blocks, if it is slow.
    room: HashMap<usize, usize>,
    gone: Vec<usize>,
    closed: Vec<usize>,
}

impl Wire for Clients {
    fn write(&mut self, stream: usize, parts: &[IoSlice<'_>]) -> Written {
        if self.blocked.contains(&stream) {
            return Written::Blocked;
        }
        if self.gone.contains(&stream) {
            return Written::Gone;
        }
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        if let Some(room) = self.room.get_mut(&stream) {
            if *room == 0 {
                return Written::Blocked;
            }
            bytes.truncate(*room);
            *room -= bytes.len();
        }
        self.sent.entry(stream).or_default().extend(&bytes);
        Written::Bytes(bytes.len())
    }

    fn close(&mut self, stream: usize) {
        self.closed.push(stream);
    }
}

struct World {
    directory: TempDir,
    store: Arc<FileStore>,
    hub: Hub,
    clients: Clients,
    now: Instant,
}

impl World {
    fn new(limits: Limits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = FileStore::new(directory.path(), Settings::default());
        let open: OpenStore = Box::new(|dsn| {
            let path = std::fs::canonicalize(dsn.trim_start_matches("file://"))
                .map_err(|error| error.to_string())?;
            Ok((path.display().to_string(), FileStore::new(&path, Settings::default())))
        });
        let now = Instant::now();
        Self { directory, store, hub: Hub::new(open, limits, now), clients: Clients::default(), now }
    }

    fn unlimited() -> Self {
        Self::new(Limits { streams: 100, descriptors: 1_000 })
    }

    fn offer(&self, path: &Path, keys: &[&str], client: Option<&str>, replay: Replay) -> Offer {
        Offer {
            from: Build { protocol: PROTOCOL, build: String::new() },
            store: format!("file://{}", path.display()),
            signal: "auto".into(),
            keys: keys.iter().map(|key| Bytes(key.as_bytes().to_vec())).collect(),
            client: client.map(|client| Bytes(client.into())),
            replay,
            event_name: "message".into(),
            heartbeat_ms: 25_000,
            lifetime_ms: 0,
            retry_ms: (5, 5),
            connected: Some("12:00:00".into()),
        }
    }

    fn take(&mut self, offer: &Offer) -> usize {
        let stream = self.hub.offer(offer, self.now, &mut self.clients).unwrap();
        self.clients.sent.remove(&stream);
        self.hub.go(stream, 1, self.now, &mut self.clients);
        stream
    }

    fn open(&mut self, keys: &[&str], client: Option<&str>, replay: Replay) -> usize {
        let offer = self.offer(self.directory.path(), keys, client, replay);
        self.take(&offer)
    }

    fn push(&self, key: &str, data: u64) {
        let draft = Draft::new(data.to_string().into_bytes(), None).unwrap();
        self.store.append(&Key::new(key.as_bytes()).unwrap(), &draft).unwrap();
    }

    /// Sends what is new, as the reactor does, until the signal has no more to say.
    fn settle(&mut self) {
        loop {
            let index = self.hub.signals().position(|signal| {
                let Some(descriptor) = signal.descriptor() else { return false };
                let none = Timespec { tv_sec: 0, tv_nsec: 0 };
                poll(&mut [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)], Some(&none)).unwrap() > 0
            });
            match index {
                Some(index) => self.hub.signalled(index, self.now, &mut self.clients),
                None if self.hub.go_on(self.now, &mut self.clients) => {}
                None => return,
            }
        }
    }

    /// The output of a stream, and whether its end was sent.
    fn output(&self, stream: usize) -> (String, bool) {
        let mut bytes = self.clients.sent.get(&stream).map_or(&[][..], Vec::as_slice);
        let (mut output, mut is_ended) = (Vec::new(), false);
        while let Some((header, rest)) = bytes.split_first_chunk::<8>() {
            let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
            is_ended |= header[1] == 3;
            if header[1] == 6 {
                output.extend_from_slice(&rest[..length.min(rest.len())]);
            }
            bytes = rest.get(length..).unwrap_or_default();
        }
        (String::from_utf8(output).unwrap(), is_ended)
    }

    /// The data of a stream's events, without `connected`, and its last id.
    fn events(&self, stream: usize) -> (Vec<u64>, String) {
        let (output, _) = self.output(stream);
        let data = output.lines().filter_map(|line| line.strip_prefix("data: ")?.parse().ok()).collect();
        let id = output.lines().rev().find_map(|line| line.strip_prefix("id: ")).unwrap_or_default();
        (data, id.to_owned())
    }
}

#[test]
fn a_new_client_gets_what_replay_says() {
    let mut world = World::unlimited();
    (1..=100).for_each(|number| world.push("k", number));
    for (replay, expected) in [
        (Replay::None, vec![]),
        (Replay::Newest(1), vec![100]),
        (Replay::Newest(3), vec![98, 99, 100]),
        (Replay::Newest(80), (21..=100).collect()),
        (Replay::All, (1..=100).collect()),
    ] {
        let stream = world.open(&["k"], None, replay);
        world.settle();
        assert_eq!(world.events(stream).0, expected, "{replay:?}");
        assert!(world.output(stream).0.starts_with("retry: 5\nid: "));
    }
}

#[test]
fn every_stream_of_a_key_gets_every_event_once_and_no_other_keys() {
    let mut world = World::unlimited();
    let streams = [world.open(&["a"], None, Replay::None), world.open(&["a"], None, Replay::None)];
    let both = world.open(&["a", "b"], None, Replay::None);
    for number in 1..=300 {
        world.push(if number % 3 == 0 { "b" } else { "a" }, number);
        if number % 50 == 0 {
            world.settle();
        }
    }
    world.settle();
    for stream in streams {
        assert_eq!(world.events(stream).0, (1..=300).filter(|number| number % 3 > 0).collect::<Vec<_>>());
    }
    let mut got = world.events(both).0;
    got.sort_unstable();
    assert_eq!(got, (1..=300).collect::<Vec<_>>());
}

#[test]
fn a_client_resumes_behind_its_cursor_however_far_it_is_behind() {
    let mut world = World::unlimited();
    let first = world.open(&["k"], None, Replay::None);
    (1..=5).for_each(|number| world.push("k", number));
    world.settle();
    let (_, id) = world.events(first);
    world.hub.input(first, None, &mut world.clients);
    (6..=200).for_each(|number| world.push("k", number));
    let second = world.open(&["k"], Some(&id), Replay::None);
    world.settle();
    assert_eq!(world.events(second).0, (6..=200).collect::<Vec<_>>());
}

#[test]
fn a_slow_client_gets_all_when_it_drains_and_others_do_not_wait() {
    let mut world = World::unlimited();
    let slow = world.open(&["k"], None, Replay::None);
    let quick = world.open(&["k"], None, Replay::None);
    world.clients.blocked.push(slow);
    for number in 1..=500 {
        world.push("k", number);
        if number % 20 == 0 {
            world.settle();
        }
    }
    world.settle();
    assert_eq!(world.events(quick).0, (1..=500).collect::<Vec<_>>());
    assert_eq!(world.events(slow).0, Vec::<u64>::new());
    world.clients.blocked.clear();
    world.hub.writable(slow, world.now, &mut world.clients);
    world.settle();
    assert_eq!(world.events(slow).0, (1..=500).collect::<Vec<_>>());
}

#[test]
fn a_store_that_was_emptied_is_a_gap_that_is_told_once() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    world.push("k", 1);
    world.settle();
    for entry in std::fs::read_dir(world.directory.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    world.settle();
    world.push("k", 2);
    world.settle();
    let (output, _) = world.output(stream);
    assert_eq!(output.matches("event: sse-gap").count(), 1, "{output}");
    assert_eq!(world.events(stream).0, [1, 2]);
}

#[test]
fn another_path_to_the_same_store_shares_its_channel() {
    let mut world = World::unlimited();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    std::os::unix::fs::symlink(world.directory.path(), &link).unwrap();
    let direct = world.open(&["k"], None, Replay::None);
    let linked = world.take(&world.offer(&link, &["k"], None, Replay::None));
    world.push("k", 1);
    world.settle();
    assert_eq!(world.hub.status().keys, 1);
    assert_eq!([world.events(direct).0, world.events(linked).0], [[1], [1]]);
}

#[test]
fn an_idle_stream_gets_a_heartbeat_and_one_that_is_blocked_for_long_is_cut() {
    let mut world = World::unlimited();
    let idle = world.open(&["k"], None, Replay::None);
    let stuck = world.open(&["k"], None, Replay::None);
    world.clients.blocked.push(stuck);
    world.push("k", 1);
    world.settle();
    for _ in 0..4 {
        world.now += Duration::from_secs(26);
        world.hub.tick(world.now, &mut world.clients);
    }
    assert!(world.output(idle).0.ends_with(": heartbeat\n\n"));
    assert_eq!(world.clients.closed, [stuck]);
    assert_eq!(world.hub.len(), 1);
}

#[test]
fn a_lifetime_ends_a_stream_cleanly() {
    let mut world = World::unlimited();
    let path = world.directory.path().to_owned();
    let stream = world.take(&Offer { lifetime_ms: 10_000, ..world.offer(&path, &["k"], None, Replay::None) });
    world.now += Duration::from_secs(11);
    world.hub.tick(world.now, &mut world.clients);
    assert!(world.output(stream).1);
    assert_eq!(world.clients.closed, [stream]);
}

#[test]
fn a_hub_that_ends_sends_its_clients_away_for_a_while() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    world.hub.drain(Duration::ZERO, world.now, &mut world.clients);
    let (output, is_ended) = world.output(stream);
    let pause: u64 =
        output.lines().rev().find_map(|line| line.strip_prefix("retry: ")).unwrap().parse().unwrap();
    assert!((3_000..=15_000).contains(&pause) && is_ended, "{output}");
    assert!(world.hub.is_empty());
}

#[test]
fn a_full_hub_and_a_wrong_offer_refuse() {
    let mut world = World::new(Limits { streams: 1, descriptors: 100 });
    let path = world.directory.path().to_owned();
    let offer = world.offer(&path, &["k"], None, Replay::None);
    let many: Vec<String> = (0..65).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for wrong in [
        Offer { event_name: "a\nb".into(), ..offer.clone() },
        Offer { signal: "smoke".into(), ..offer.clone() },
        world.offer(&path, &[""], None, Replay::None),
        world.offer(&path, &[], None, Replay::None),
        world.offer(&path, &many, None, Replay::None),
    ] {
        let refusal = world.hub.offer(&wrong, world.now, &mut world.clients).unwrap_err();
        assert_eq!(refusal.reason, Reason::Malformed, "{wrong:?}");
    }
    world.take(&offer);
    let refusal = world.hub.offer(&offer, world.now, &mut world.clients).unwrap_err();
    assert_eq!(refusal.reason, Reason::Full);
}

#[test]
fn streams_that_leave_give_back_all_they_held() {
    let mut world = World::unlimited();
    let path = world.directory.path().to_owned();
    let offered = world.offer(&path, &["a"], None, Replay::None);
    let offered = world.hub.offer(&offered, world.now, &mut world.clients).unwrap();
    let streams: Vec<usize> = (0..5).map(|_| world.open(&["a", "b"], None, Replay::None)).collect();
    world.hub.withdraw(offered, &mut world.clients);
    // FCGI_ABORT_REQUEST, and the end of input.
    world.hub.input(streams[1], Some(&[1, 2, 0, 1, 0, 0, 0, 0]), &mut world.clients);
    world.hub.input(streams[3], None, &mut world.clients);
    world.push("a", 1);
    world.settle();
    assert_eq!([0, 2, 4].map(|index| world.events(streams[index]).0), [[1], [1], [1]]);
    [0, 2, 4].iter().for_each(|&index| world.hub.input(streams[index], None, &mut world.clients));
    assert_eq!((world.hub.len(), world.hub.status().keys), (0, 0));
    assert!(!world.clients.sent.contains_key(&offered) || world.clients.closed.contains(&offered));
}

#[test]
fn a_client_that_takes_a_few_bytes_at_a_time_gets_all_of_it() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    world.clients.room.insert(stream, 0);
    (1..=100).for_each(|number| world.push("k", number));
    world.settle();
    while !world.output(stream).0.ends_with("data: 100\n\n") {
        let before = world.clients.sent[&stream].len();
        world.clients.room.insert(stream, 7);
        world.hub.writable(stream, world.now, &mut world.clients);
        assert!(world.clients.sent[&stream].len() > before, "stuck: {:?}", world.events(stream).0);
    }
    assert_eq!(world.events(stream).0, (1..=100).collect::<Vec<_>>());
}

#[test]
fn a_client_that_is_gone_takes_its_stream_along_and_no_other() {
    let mut world = World::unlimited();
    let streams = [(); 3].map(|()| world.open(&["k"], None, Replay::None));
    world.clients.gone.push(streams[0]);
    world.push("k", 1);
    world.settle();
    assert_eq!(world.clients.closed, [streams[0]]);
    assert_eq!([1, 2].map(|index| world.events(streams[index]).0), [[1], [1]]);
}

#[test]
fn an_external_event_is_a_gap_that_is_told_live_and_to_who_resumes() {
    let mut world = World::unlimited();
    let live = world.open(&["k"], None, Replay::None);
    world.push("k", 1);
    world.settle();
    let (_, id) = world.events(live);
    world.store.append(&Key::new(b"k").unwrap(), &Draft::external(b"7".to_vec(), None)).unwrap();
    world.push("k", 2);
    let resumed = world.open(&["k"], Some(&id), Replay::None);
    world.settle();
    for (stream, expected) in [(live, vec![1, 2]), (resumed, vec![2])] {
        let (output, _) = world.output(stream);
        assert_eq!(output.matches("event: sse-gap").count(), 1, "{output}");
        assert_eq!(world.events(stream).0, expected);
    }
}

#[test]
fn events_of_the_same_key_in_another_store_stay_there() {
    let mut world = World::unlimited();
    let other = tempfile::tempdir().unwrap();
    let here = world.open(&["k"], None, Replay::None);
    let there = world.take(&world.offer(other.path(), &["k"], None, Replay::None));
    world.push("k", 1);
    let draft = Draft::new(b"2".to_vec(), None).unwrap();
    let store = FileStore::new(other.path(), Settings::default());
    store.append(&Key::new(b"k").unwrap(), &draft).unwrap();
    world.settle();
    assert_eq!([world.events(here).0, world.events(there).0], [[1], [2]]);
}

#[test]
fn a_hub_that_ends_over_a_while_has_ended_all_streams_by_then() {
    let mut world = World::unlimited();
    let streams: Vec<usize> = (0..20).map(|_| world.open(&["k"], None, Replay::None)).collect();
    world.hub.drain(Duration::from_secs(10), world.now, &mut world.clients);
    assert_eq!(world.hub.len(), 20);
    world.now += Duration::from_secs(11);
    world.hub.tick(world.now, &mut world.clients);
    assert!(world.hub.is_empty());
    assert!(streams.iter().all(|&stream| world.output(stream).1));
}

#[test]
fn an_event_of_many_records_arrives_whole() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    let text = format!("\"{}\"", "x".repeat(300_000));
    let draft = Draft::new(text.clone().into_bytes(), None).unwrap();
    for _ in 0..3 {
        world.store.append(&Key::new(b"k").unwrap(), &draft).unwrap();
    }
    world.settle();
    let (output, _) = world.output(stream);
    assert_eq!(output.matches(&format!("data: {text}\n\n")).count(), 3);
}

/// What happens in a run of the model; clients are told by their number.
#[derive(Clone, Debug)]
enum Step {
    Push {
        key: usize,
        count: u64,
    },
    Connect {
        keys: usize,
    },
    Cut {
        client: usize,
    },
    /// From now on it takes so many bytes; without a number, all.
    Room {
        client: usize,
        bytes: Option<usize>,
    },
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2_usize, prop_oneof![1..5_u64, 30..150_u64]).prop_map(|(key, count)| Step::Push { key, count }),
        2 => (0..3_usize).prop_map(|keys| Step::Connect { keys }),
        2 => (0..8_usize).prop_map(|client| Step::Cut { client }),
        3 => (0..8_usize, prop::option::of(0..5_000_usize)).prop_map(|(client, bytes)| Step::Room { client, bytes }),
        3 => Just(Step::Settle),
    ]
}

/// A browser: what it has, and the id it comes back with.
struct Browser {
    keys: &'static [&'static str],
    stream: usize,
    data: Vec<u64>,
    id: Option<String>,
}

impl Browser {
    /// Takes what came, as far as events are whole.
    fn read(&mut self, world: &mut World) {
        let (output, _) = world.output(self.stream);
        let whole = output.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        for event in whole.split("\n\n") {
            assert!(!event.contains("event: sse-gap"), "{event}");
            self.data
                .extend(event.lines().filter_map(|line| line.strip_prefix("data: ")?.parse::<u64>().ok()));
            self.id = event
                .lines()
                .find_map(|line| line.strip_prefix("id: "))
                .map(str::to_owned)
                .or(self.id.take());
        }
    }

    fn connect(&mut self, world: &mut World) {
        self.stream = world.open(self.keys, self.id.as_deref(), Replay::All);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_each_client_gets_each_event_once_and_in_order(steps in prop::collection::vec(step(), 1..40)) {
        const KEYS: [&[&str]; 3] = [&["a"], &["b"], &["a", "b"]];
        let mut world = World::unlimited();
        let mut browsers: Vec<Browser> = Vec::new();
        let mut pushed = 0;
        let mut events: HashMap<&str, Vec<u64>> = HashMap::new();
        for step in steps {
            match step {
                Step::Push { key, count } => for _ in 0..count {
                    pushed += 1;
                    let key = ["a", "b"][key];
                    world.push(key, pushed);
                    events.entry(key).or_default().push(pushed);
                },
                Step::Connect { keys } => {
                    let mut browser = Browser { keys: KEYS[keys], stream: 0, data: Vec::new(), id: None };
                    browser.connect(&mut world);
                    browsers.push(browser);
                }
                Step::Cut { client } => if let Some(browser) = browsers.get_mut(client) {
                    browser.read(&mut world);
                    world.hub.input(browser.stream, None, &mut world.clients);
                    world.clients.room.remove(&browser.stream);
                    browser.connect(&mut world);
                },
                Step::Room { client, bytes } => if let Some(browser) = browsers.get(client) {
                    match bytes {
                        Some(bytes) => world.clients.room.insert(browser.stream, bytes),
                        None => world.clients.room.remove(&browser.stream),
                    };
                    world.hub.writable(browser.stream, world.now, &mut world.clients);
                },
                Step::Settle => world.settle(),
            }
        }
        world.clients.room.clear();
        for browser in &browsers {
            world.hub.writable(browser.stream, world.now, &mut world.clients);
        }
        world.settle();
        for browser in &mut browsers {
            browser.read(&mut world);
            for key in browser.keys {
                let all = events.get(key).cloned().unwrap_or_default();
                let got: Vec<u64> = browser.data.iter().copied().filter(|number| all.contains(number)).collect();
                prop_assert_eq!(got, all);
            }
            let expected: usize = browser.keys.iter().filter_map(|key| events.get(key)).map(Vec::len).sum();
            prop_assert_eq!(browser.data.len(), expected);
        }
    }
}

#[test]
fn a_client_that_was_slow_gets_its_heartbeats_in_time_again() {
    let mut world = World::unlimited();
    let stream = world.open(&["k"], None, Replay::None);
    world.clients.blocked.push(stream);
    world.push("k", 1);
    world.settle();
    world.now += Duration::from_secs(26);
    world.hub.tick(world.now, &mut world.clients);
    world.clients.blocked.clear();
    world.hub.writable(stream, world.now, &mut world.clients);
    assert_eq!(world.events(stream).0, [1]);
    world.now += Duration::from_secs(26);
    world.hub.tick(world.now, &mut world.clients);
    assert!(world.output(stream).0.ends_with(": heartbeat\n\n"));
}
