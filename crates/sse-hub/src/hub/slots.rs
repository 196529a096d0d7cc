//! Numbered things, by ids that can't be mixed up and notice a number that is used again.
//!
//! A number is free again when its thing is removed, and the next thing gets it. The id has the generation
//! beside it, which counts all that was ever inserted, so that an old id finds nothing and never another
//! thing.
//!
//! Two kinds of look-up, and each says which it is: [`Slots::get`] where the thing may be gone, as what comes
//! from outside may be late; [`Slots::known`] where it can't be, and where nothing found is a mistake that is
//! noted.

use std::fmt;
use std::marker::PhantomData;

use slab::Slab;

use super::notes::{Lost, Notes};

/// What an id is of.
pub trait Kind {
    /// What it is called in the log.
    const NAME: &'static str;
}

/// An id of one kind of thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<K> {
    number: u32,
    generation: u32,
    kind: PhantomData<K>,
}

impl<K> Id<K> {
    /// Its number, which no other thing of its kind has at the same time.
    #[must_use]
    pub fn number(self) -> usize {
        self.number as usize
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (generation {})", K::NAME, self.number, self.generation)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Things of one kind.
pub struct Slots<K, T> {
    things: Slab<(u32, T)>,
    /// How many were inserted so far. It begins anew after 2^32, when no id of so long ago is left.
    generation: u32,
    notes: Notes,
    kind: PhantomData<K>,
}

impl<K: Kind + Copy, T> Slots<K, T> {
    /// No things; what is looked for in vain is told in these notes.
    pub fn new(notes: &Notes) -> Self {
        Self { things: Slab::new(), generation: 0, notes: notes.clone(), kind: PhantomData }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.things.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Makes a thing that knows its id.
    pub fn insert_with(&mut self, make: impl FnOnce(Id<K>) -> T) -> Id<K> {
        self.generation = self.generation.wrapping_add(1);
        let entry = self.things.vacant_entry();
        let id = Self::id(entry.key(), self.generation);
        entry.insert((self.generation, make(id)));
        id
    }

    /// Adds a thing.
    pub fn insert(&mut self, thing: T) -> Id<K> {
        self.insert_with(|_| thing)
    }

    /// The thing with this id, which may be gone.
    pub fn get(&self, id: Id<K>) -> Option<&T> {
        self.things
            .get(id.number())
            .filter(|(generation, _)| *generation == id.generation)
            .map(|(_, thing)| thing)
    }

    /// The thing with this id, which may be gone.
    pub fn get_mut(&mut self, id: Id<K>) -> Option<&mut T> {
        self.things
            .get_mut(id.number())
            .filter(|(generation, _)| *generation == id.generation)
            .map(|(_, thing)| thing)
    }

    /// The thing with this id, which is there.
    ///
    /// # Errors
    /// [`Lost`] if it isn't; that is noted.
    #[track_caller]
    pub fn known(&self, id: Id<K>) -> Result<&T, Lost> {
        match self.get(id) {
            Some(thing) => Ok(thing),
            None => Err(self.notes.lost(id)),
        }
    }

    /// The thing with this id, which is there.
    ///
    /// # Errors
    /// [`Lost`] if it isn't; that is noted.
    #[track_caller]
    pub fn known_mut(&mut self, id: Id<K>) -> Result<&mut T, Lost> {
        match self.things.get_mut(id.number()) {
            Some((generation, thing)) if *generation == id.generation => Ok(thing),
            _ => Err(self.notes.lost(id)),
        }
    }

    /// Takes the thing with this id out, which is there.
    ///
    /// # Errors
    /// [`Lost`] if it isn't; that is noted.
    #[track_caller]
    pub fn remove(&mut self, id: Id<K>) -> Result<T, Lost> {
        match self.get(id) {
            Some(_) => Ok(self.things.remove(id.number()).1),
            None => Err(self.notes.lost(id)),
        }
    }

    /// All of them, with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (Id<K>, &T)> {
        self.things.iter().map(|(number, (generation, thing))| (Self::id(number, *generation), thing))
    }

    /// All of them, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.things.iter_mut().map(|(_, (_, thing))| thing)
    }

    fn id(number: usize, generation: u32) -> Id<K> {
        // There is no memory for so many: they would be looked for in vain.
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Id { number, generation, kind: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum OfThing {}

    impl Kind for OfThing {
        const NAME: &'static str = "thing";
    }

    fn slots() -> Slots<OfThing, &'static str> {
        Slots::new(&Notes::default())
    }

    #[test]
    fn an_id_finds_its_thing_and_never_the_next_one_of_its_number() {
        let mut slots = slots();
        let first = slots.insert("first");
        assert_eq!((slots.get(first), slots.known(first).ok()), (Some(&"first"), Some(&"first")));
        assert_eq!(slots.remove(first).ok(), Some("first"));
        let second = slots.insert("second");
        assert_eq!(second.number(), first.number());
        assert_eq!(slots.get(first), None);
        assert_eq!(slots.get_mut(first), None);
        assert_eq!(slots.get(second), Some(&"second"));
    }

    #[test]
    fn things_are_listed_by_the_ids_that_they_were_given() {
        let mut slots = slots();
        let ids = ["a", "b", "c"].map(|thing| slots.insert(thing));
        slots.remove(ids[1]).unwrap();
        let inserted = slots.insert_with(|id| if id.number() == 1 { "in its slot" } else { "elsewhere" });
        let listed: Vec<_> = slots.iter().map(|(id, thing)| (id, *thing)).collect();
        assert_eq!(listed, [(ids[0], "a"), (inserted, "in its slot"), (ids[2], "c")]);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "thing 0 (generation 1) is gone"))]
    fn a_known_thing_that_is_gone_is_told() {
        let notes = Notes::default();
        let mut slots = Slots::<OfThing, _>::new(&notes);
        let id = slots.insert("first");
        slots.remove(id).unwrap();
        slots.insert("second");
        assert!(slots.known(id).is_err() && slots.known_mut(id).is_err() && slots.remove(id).is_err());
        assert_eq!(notes.take_lines().len(), 3);
        assert_eq!(slots.len(), 1);
    }
}
