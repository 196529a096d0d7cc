//! Clients that connect, drop, resume and are slow at random, while events are pushed, dropped by retention and
//! lost with their logs, and hubs are replaced: against what each client must have got.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use sse_core::id::now_millis;

use super::*;

const KEYS: [&str; 2] = ["a", "b"];
const SETS: [&[&str]; 3] = [&["a"], &["b"], &["a", "b"]];

/// What happens in a run of the model; clients are told by their number.
#[derive(Clone, Debug)]
enum Step {
    Push {
        key: usize,
        count: u64,
        padding: usize,
    },
    Connect {
        keys: usize,
    },
    /// It comes back, perhaps without the last frames that were sent to it.
    Cut {
        client: usize,
        unheard: usize,
    },
    /// From now on it takes so many bytes; without a number, all.
    Room {
        client: usize,
        bytes: Option<usize>,
    },
    /// The hub looks at its signal, and has no time for more.
    Hear,
    /// It goes on with what it has begun.
    GoOn,
    Settle,
    /// What loses events.
    Lose(Loss),
    /// Another hub takes over, which has nothing in memory.
    OtherHub,
}

/// What loses events.
#[derive(Clone, Debug)]
enum Loss {
    Sweep,
    RemoveLog(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2_usize, prop_oneof![1..5_u64, 30..150_u64]).prop_map(|(key, count)| Step::Push { key, count, padding: 0 }),
        2 => (0..2_usize, 1..4_u64, 10_000..50_000_usize).prop_map(|(key, count, padding)| Step::Push { key, count, padding }),
        2 => (0..3_usize).prop_map(|keys| Step::Connect { keys }),
        2 => (0..8_usize, 0..4_usize).prop_map(|(client, unheard)| Step::Cut { client, unheard }),
        3 => (0..8_usize, prop::option::of(0..5_000_usize)).prop_map(|(client, bytes)| Step::Room { client, bytes }),
        3 => Just(Step::Hear),
        2 => Just(Step::GoOn),
        3 => Just(Step::Settle),
        1 => Just(Step::OtherHub),
    ]
}

fn step_that_may_lose() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => step(),
        1 => Just(Step::Lose(Loss::Sweep)),
        1 => (0..2_usize).prop_map(|key| Step::Lose(Loss::RemoveLog(key))),
    ]
}

/// An event that was pushed: the number that it is, and its place in its key.
#[derive(Clone, Copy, Debug)]
struct Pushed {
    key: usize,
    id: EventId,
    number: u64,
}

/// A browser: what it has heard.
struct Browser {
    keys: &'static [&'static str],
    stream: StreamId,
    /// Its frames, of this stream and of those before it.
    frames: Vec<Frame>,
    /// Events that were pushed before it first came.
    missed: usize,
}

/// A frame, and the cursor of it.
struct Frame {
    cursor: String,
    heard: Heard,
}

enum Heard {
    Connected,
    Event(u64),
    Gap { keys: Vec<String>, from: EventId, to: EventId },
}

impl Frame {
    /// Reads a frame; comments have no id.
    fn read(text: &str) -> Option<Self> {
        let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let data = line("data: ").unwrap_or_default();
        let heard = match line("event: ")? {
            "connected" => Heard::Connected,
            "sse-gap" => {
                let gap: serde_json::Value = serde_json::from_str(data).unwrap();
                let id = |name: &str| gap[name].as_str().unwrap().parse().unwrap();
                let keys = serde_json::from_value(gap["keys"].clone()).unwrap();
                Heard::Gap { keys, from: id("from"), to: id("to") }
            }
            _ => Heard::Event(data.trim_end().parse().unwrap()),
        };
        Some(Self { cursor: line("id: ").unwrap().to_owned(), heard })
    }
}

impl Browser {
    fn come(world: &mut World, keys: &'static [&'static str], pushed: &[Pushed]) -> Self {
        let stream = world.open(keys, None, Replay::All);
        Self { keys, stream, frames: Vec::new(), missed: pushed.len() }
    }

    /// Takes the frames of its stream, as far as they are whole; answers how many they are.
    fn read(&mut self, world: &World) -> usize {
        let (output, _) = world.output(self.stream);
        let whole = output.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let before = self.frames.len();
        self.frames.extend(whole.split("\n\n").filter_map(Frame::read));
        self.frames.len() - before
    }

    /// Is cut, and comes back. It never got the last frames of its stream, but `connected` of its first.
    fn resume(&mut self, world: &mut World, unheard: usize) {
        let heard = self.read(world);
        self.frames.truncate((self.frames.len() - unheard.min(heard)).max(1));
        world.hub.input(self.stream, None, world.now, &mut world.clients);
        self.connect(world);
    }

    fn connect(&mut self, world: &mut World) {
        world.clients.room.remove(&self.stream);
        let cursor = self.frames.last().map(|frame| frame.cursor.clone());
        assert!(cursor.is_some(), "it was not greeted");
        self.stream = world.open(self.keys, cursor.as_deref(), Replay::All);
    }

    /// The numbers of its events, in the order in which they came.
    fn numbers(&self) -> Vec<u64> {
        let number = |frame: &Frame| match frame.heard {
            Heard::Event(number) => Some(number),
            _ => None,
        };
        self.frames.iter().filter_map(number).collect()
    }
}

/// Runs the steps, until each browser has all that is to be had.
fn run(world: &mut World, steps: Vec<Step>) -> (Vec<Browser>, Vec<Pushed>) {
    let mut browsers: Vec<Browser> = Vec::new();
    let mut pushed: Vec<Pushed> = Vec::new();
    for step in steps {
        match step {
            Step::Push { key, count, padding } => {
                for _ in 0..count {
                    let number = pushed.len() as u64;
                    let id = world.append(KEYS[key], number, padding);
                    pushed.push(Pushed { key, id, number });
                }
            }
            Step::Connect { keys } => browsers.push(Browser::come(world, SETS[keys], &pushed)),
            Step::Cut { client, unheard } => {
                if let Some(browser) = browsers.get_mut(client) {
                    browser.resume(world, unheard);
                }
            }
            Step::Room { client, bytes } => {
                if let Some(browser) = browsers.get(client) {
                    match bytes {
                        Some(bytes) => world.clients.room.insert(browser.stream, bytes),
                        None => world.clients.room.remove(&browser.stream),
                    };
                    world.hub.writable(browser.stream, world.now, &mut world.clients);
                }
            }
            Step::Hear => drop(world.hear()),
            Step::GoOn => drop(world.hub.go_on(world.now, &mut world.clients)),
            Step::Settle => world.settle(),
            Step::Lose(Loss::Sweep) => world.store.sweep().unwrap(),
            Step::Lose(Loss::RemoveLog(key)) => {
                // A log made in the millisecond of the last id can't be told from its predecessor.
                let last = pushed.last().map_or(0, |pushed| pushed.id.millis);
                while now_millis() <= last {
                    std::thread::yield_now();
                }
                let log = world.store.directory().log(&Key::new(KEYS[key].as_bytes()).unwrap());
                let _ = std::fs::remove_file(log);
            }
            Step::OtherHub => {
                for browser in &mut browsers {
                    browser.read(world);
                }
                world.hub = Hub::new(world.limits, world.now);
                world.clients = FakeClients::default();
                browsers.iter_mut().for_each(|browser| browser.connect(world));
            }
        }
    }
    world.clients.room.clear();
    for browser in &browsers {
        world.hub.writable(browser.stream, world.now, &mut world.clients);
    }
    world.wait_out();
    for browser in &mut browsers {
        browser.read(world);
    }
    (browsers, pushed)
}

/// Each event once, and those of a key in their order.
fn check_order(browser: &Browser, pushed: &[Pushed]) -> Result<(), TestCaseError> {
    let mut last = [EventId::ZERO; KEYS.len()];
    for number in browser.numbers() {
        let Pushed { key, id, .. } = pushed[usize::try_from(number).unwrap()];
        prop_assert!(browser.keys.contains(&KEYS[key]), "{} is of another key", number);
        prop_assert!(last[key] < id, "{} came after {}", id, last[key]);
        last[key] = id;
    }
    Ok(())
}

/// What a browser lacks of what was pushed to its keys since it first came.
fn lacks(browser: &Browser, pushed: &[Pushed]) -> Vec<Pushed> {
    let got: HashSet<u64> = browser.numbers().into_iter().collect();
    let since = pushed.iter().skip(browser.missed);
    since
        .filter(|event| browser.keys.contains(&KEYS[event.key]) && !got.contains(&event.number))
        .copied()
        .collect()
}

fn is_told(browser: &Browser, event: &Pushed) -> bool {
    browser.frames.iter().any(|frame| match &frame.heard {
        Heard::Gap { keys, from, to } => {
            keys.iter().any(|key| key == KEYS[event.key]) && *from < event.id && event.id <= *to
        }
        _ => false,
    })
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(48))]
    #[test]
    fn whatever_happens_each_client_gets_each_event_once_and_in_order(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::unlimited();
        let (browsers, pushed) = run(&mut world, steps);
        for browser in browsers {
            check_order(&browser, &pushed)?;
            let expected = pushed.iter().filter(|event| browser.keys.contains(&KEYS[event.key])).count();
            prop_assert_eq!(browser.numbers().len(), expected);
            let has_gap = browser.frames.iter().any(|frame| matches!(frame.heard, Heard::Gap { .. }));
            prop_assert!(!has_gap, "a gap where nothing was lost");
        }
    }
}

proptest! {
    #![proptest_config(config(150))]
    #[test]
    fn whatever_is_lost_nothing_comes_twice_and_each_client_is_told(
        keep in prop_oneof![1..12_u64, 80..200_u64],
        steps in prop::collection::vec(step_that_may_lose(), 1..50),
    ) {
        let mut world = World::keeping(keep);
        let (browsers, pushed) = run(&mut world, steps);
        for browser in browsers {
            check_order(&browser, &pushed)?;
            for lacking in lacks(&browser, &pushed) {
                prop_assert!(is_told(&browser, &lacking), "{:?} is lost silently", lacking);
            }
        }
    }
}
