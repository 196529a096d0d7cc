//! Clients that connect, drop, resume and are slow at random, against what they must have got.

use proptest::prelude::*;

use super::*;

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
    Cut {
        client: usize,
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
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2_usize, prop_oneof![1..5_u64, 30..150_u64]).prop_map(|(key, count)| Step::Push { key, count, padding: 0 }),
        2 => (0..2_usize, 1..4_u64, 10_000..50_000_usize).prop_map(|(key, count, padding)| Step::Push { key, count, padding }),
        2 => (0..3_usize).prop_map(|keys| Step::Connect { keys }),
        2 => (0..8_usize).prop_map(|client| Step::Cut { client }),
        3 => (0..8_usize, prop::option::of(0..5_000_usize)).prop_map(|(client, bytes)| Step::Room { client, bytes }),
        3 => Just(Step::Hear),
        2 => Just(Step::GoOn),
        3 => Just(Step::Settle),
    ]
}

/// A browser: what it has, and the id it comes back with.
struct Browser {
    keys: &'static [&'static str],
    stream: StreamId,
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
            self.data.extend(event.lines().filter_map(number));
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
                Step::Push { key, count, padding } => for _ in 0..count {
                    pushed += 1;
                    let key = ["a", "b"][key];
                    world.push_padded(key, pushed, padding);
                    events.entry(key).or_default().push(pushed);
                },
                Step::Connect { keys } => {
                    let stream = world.open(KEYS[keys], None, Replay::All);
                    browsers.push(Browser { keys: KEYS[keys], stream, data: Vec::new(), id: None });
                }
                Step::Cut { client } => if let Some(browser) = browsers.get_mut(client) {
                    browser.read(&mut world);
                    world.hub.input(browser.stream, None, world.now, &mut world.clients);
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
                Step::Hear => drop(world.hear()),
                Step::GoOn => drop(world.hub.go_on(world.now, &mut world.clients)),
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
