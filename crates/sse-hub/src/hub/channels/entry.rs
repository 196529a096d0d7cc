//! What streams are sent of a key, encoded once for all of them.

use std::cell::RefCell;
use std::rc::Rc;

use sse_core::event::{Draft, EventName, wire_json};
use sse_core::frame;
use sse_core::id::EventId;
use sse_core::key::Key;
use sse_core::store::{Gap, Item};

/// What streams are sent of a key: an event, or a gap. Its encoded bodies are shared by all streams.
#[derive(Debug)]
pub struct Entry {
    position: EventId,
    content: Content,
    is_external: bool,
    bodies: RefCell<Vec<Body>>,
}

/// A frame without its `id:` line, and the name it was written for.
type Body = (EventName, Rc<[u8]>);

/// What an entry is.
#[derive(Debug)]
enum Content {
    /// An event.
    Event(Draft),
    /// Events that are gone; or one whose payload only PHP could fetch.
    Gap(Gap),
}

impl Entry {
    /// An entry for what was read; `before` is the position before it.
    pub fn new(item: Item, before: EventId) -> Self {
        let is_external = matches!(&item, Item::Event(event) if event.draft.external);
        let (position, content) = match item {
            Item::Event(event) if is_external => (event.id, Content::Gap(Gap { from: before, to: event.id })),
            Item::Event(event) => (event.id, Content::Event(event.draft)),
            Item::Gap(gap) => (gap.to, Content::Gap(gap)),
        };
        Self { position, content, is_external, bodies: RefCell::default() }
    }

    /// The position behind it.
    pub fn position(&self) -> EventId {
        self.position
    }

    /// Whether only PHP can fetch its payload: without PHP it is a gap.
    pub fn is_external(&self) -> bool {
        self.is_external
    }

    /// Whether it is a gap.
    pub fn is_gap(&self) -> bool {
        matches!(self.content, Content::Gap(_))
    }

    /// Whether it is a gap of which only the position is known, as damage at a log's end is.
    pub fn is_gap_without_extent(&self) -> bool {
        matches!(&self.content, Content::Gap(gap) if gap.from == gap.to)
    }

    /// Which of several keys' next entries comes first, the lowest: gaps, then events by their ids.
    pub fn rank(&self) -> EventId {
        match self.content {
            Content::Gap(_) => EventId::ZERO,
            Content::Event(_) => self.position,
        }
    }

    /// Bytes of JSON.
    pub fn bytes(&self) -> usize {
        match &self.content {
            Content::Event(draft) => draft.json.len(),
            Content::Gap(_) => 0,
        }
    }

    /// Its frame without the `id:` line. `event_name` names an event that has no name.
    pub fn body(&self, key: &Key, event_name: &EventName) -> Rc<[u8]> {
        let has_own_name =
            matches!(&self.content, Content::Gap(_) | Content::Event(Draft { name: Some(_), .. }));
        let mut bodies = self.bodies.borrow_mut();
        if let Some((_, body)) = bodies.iter().find(|(name, _)| has_own_name || name == event_name) {
            return Rc::clone(body);
        }
        let mut body = Vec::new();
        match &self.content {
            Content::Event(draft) => {
                let (head, tail) = wire_json(draft);
                let name = draft.name.as_ref().unwrap_or(event_name).as_str();
                frame::write_body(&mut body, name, &[head, tail]);
            }
            Content::Gap(gap) => frame::write_gap_body(&mut body, &[key], gap.from, gap.to),
        }
        let body: Rc<[u8]> = body.into();
        bodies.push((event_name.clone(), Rc::clone(&body)));
        body
    }
}
