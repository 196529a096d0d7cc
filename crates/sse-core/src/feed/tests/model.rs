//! Anything that may happen, in any order: each event arrives once and in order, or a gap covers it.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 2] = ["a", "b"];

#[derive(Clone, Debug)]
enum Step {
    Push(usize, u32),
    /// The client takes so many frames.
    Take(usize),
    /// The client is cut, perhaps before it got the last frames that were sent, and comes back.
    Reconnect {
        unheard: usize,
    },
    Sweep,
    RemoveLog(usize),
    /// A process that has nothing open takes over.
    OtherProcess,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..2_usize, 1..5_u32).prop_map(|(key, count)| Step::Push(key, count)),
        5 => (0..8_usize).prop_map(Step::Take),
        3 => (0..4_usize).prop_map(|unheard| Step::Reconnect { unheard }),
        1 => Just(Step::Sweep),
        1 => (0..2_usize).prop_map(Step::RemoveLog),
        1 => Just(Step::OtherProcess),
    ]
}

/// What a client heard, frame by frame, and the cursor of each.
#[derive(Default)]
struct Heard {
    frames: Vec<Delivery>,
    connected: String,
}

impl Heard {
    fn cursor(&self) -> &str {
        self.frames.last().map_or(&self.connected, |delivery| &delivery.cursor)
    }

    /// Forgets the last frames, back to where it connected at most.
    fn unhear(&mut self, count: usize) {
        self.frames.truncate(self.frames.len().saturating_sub(count));
    }

    fn take(&mut self, client: &mut Client, at_most: usize) {
        client.feed.wake(&Changes::All);
        for _ in 0..at_most {
            let Some(delivery) = client.feed.next(client.signal.as_mut()).unwrap() else { break };
            self.frames.push(delivery);
        }
    }
}

fn index(key: &Key) -> usize {
    NAMES.iter().position(|name| name.as_bytes() == key.as_bytes()).unwrap()
}

fn check(heard: &Heard, pushed: &[(usize, EventId)]) -> std::result::Result<(), TestCaseError> {
    let mut seen = HashSet::new();
    let mut last = [EventId::ZERO; 2];
    let mut gaps = Vec::new();
    for delivery in &heard.frames {
        match &delivery.content {
            Content::Event(key, event) => {
                let index = index(key);
                prop_assert!(seen.insert((index, event.id)), "{} came twice", event.id);
                prop_assert!(event.id > last[index], "{} came after {}", event.id, last[index]);
                last[index] = event.id;
            }
            Content::Gap(keys, gap) => gaps.push((keys.iter().map(index).collect::<Vec<_>>(), gap)),
        }
    }
    for (index, id) in pushed {
        let told = gaps.iter().any(|(keys, gap)| keys.contains(index) && gap.from < *id && *id <= gap.to);
        prop_assert!(seen.contains(&(*index, *id)) || told, "{id} of {index} is lost silently");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happens_nothing_is_lost_silently_or_comes_twice(
        keep in 1..12_u64,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let place = tempdir().unwrap();
        let mut store = store_of(place.path(), keep);
        let mut client = Client::connect(&store, &NAMES, None, Replay::None);
        let mut heard = Heard { connected: client.cursor.clone(), ..Heard::default() };
        let mut pushed = Vec::new();
        for step in steps {
            match step {
                Step::Push(index, count) => {
                    let ids = push_all(&store, &key(NAMES[index]), 0..count);
                    pushed.extend(ids.into_iter().map(|id| (index, id)));
                }
                Step::Take(count) => heard.take(&mut client, count),
                Step::Reconnect { unheard } => {
                    heard.unhear(unheard);
                    client.cut();
                    client = Client::connect(&store, &NAMES, Some(heard.cursor()), Replay::None);
                }
                Step::Sweep => store.sweep().unwrap(),
                Step::RemoveLog(index) => {
                    // A log made in the millisecond of the last id can't be told from its predecessor.
                    let last = pushed.last().map_or(0, |(_, id): &(usize, EventId)| id.millis);
                    wait_for("the next millisecond", || now() > last);
                    let _ = fs::remove_file(store.directory().log(&key(NAMES[index])));
                }
                Step::OtherProcess => store = store_of(place.path(), keep),
            }
        }
        heard.take(&mut client, usize::MAX);
        check(&heard, &pushed)?;
    }
}
