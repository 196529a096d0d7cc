//! Keys that streams follow together.

use std::collections::HashMap;
use std::rc::Rc;

use sse_core::cursor::Tags;
use sse_core::key::Keys;

use crate::hub::ids::{ChannelId, StoreId};
use crate::hub::notes::Notes;

/// Keys that streams follow together, shared by all streams of the same ones.
#[derive(Debug)]
pub struct KeySet {
    /// The store.
    pub store: StoreId,
    /// The keys.
    pub keys: Keys,
    /// The channel of each.
    pub channels: Vec<ChannelId>,
    /// For cursors.
    pub tags: Tags,
}

/// Sets of keys, and how many streams follow each.
#[derive(Debug)]
pub struct KeySets {
    sets: HashMap<(StoreId, Keys), (Rc<KeySet>, usize)>,
    notes: Notes,
}

impl KeySets {
    /// No sets.
    pub fn new(notes: &Notes) -> Self {
        Self { sets: HashMap::new(), notes: notes.clone() }
    }

    /// The set of these keys, if some stream follows it, with one stream more.
    pub fn join(&mut self, store: StoreId, keys: &Keys) -> Option<Rc<KeySet>> {
        let (set, streams) = self.sets.get_mut(&(store, keys.clone()))?;
        *streams += 1;
        Some(Rc::clone(set))
    }

    /// A new set, with the first stream that follows it.
    pub fn add(&mut self, store: StoreId, keys: &Keys, channels: Vec<ChannelId>) -> Rc<KeySet> {
        let set = Rc::new(KeySet { store, keys: keys.clone(), channels, tags: Tags::new(keys) });
        self.sets.insert((store, keys.clone()), (Rc::clone(&set), 1));
        set
    }

    /// One stream less follows a set; true if that was the last.
    pub fn leave(&mut self, set: &KeySet) -> bool {
        let name = (set.store, set.keys.clone());
        let Some((_, streams)) = self.sets.get_mut(&name) else {
            self.notes.lost("a set of keys");
            return false;
        };
        *streams -= 1;
        let is_last = *streams == 0;
        if is_last {
            self.sets.remove(&name);
        }
        is_last
    }
}
