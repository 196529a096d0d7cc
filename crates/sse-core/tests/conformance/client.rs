//! A client as a worker serves it: a feed, a signal, and what it was sent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sse_core::feed::{Content, Feed};
use sse_core::id::EventId;
use sse_core::key::Keys;
use sse_core::signal::{self, Choice, Signal};
use sse_core::store::{Gap, Store};
use sse_core::stream::request::Replay;

use crate::support::{PATIENCE, key, wait};

/// What a client was sent: an event's JSON, or a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    Event(String, EventId),
    Gap(Gap),
}

pub struct Client {
    feed: Option<Feed>,
    signal: Box<dyn Signal>,
}

impl Client {
    pub fn connect(store: &Arc<dyn Store>, names: &[&str], cursor: Option<&str>, replay: Replay) -> Self {
        let (mut signal, why) = signal::open(Choice::Auto, &store.waits());
        assert_eq!(why, None);
        let keys = Keys::new(names.iter().map(|name| key(name)).collect()).unwrap();
        let feed =
            Feed::open(Arc::clone(store), keys, cursor.map(str::as_bytes), replay, signal.as_mut()).unwrap();
        Self { feed: Some(feed), signal }
    }

    fn feed(&mut self) -> &mut Feed {
        self.feed.as_mut().unwrap()
    }

    pub fn cursor(&mut self) -> String {
        self.feed().cursor()
    }

    /// What is there by now.
    pub fn try_next(&mut self) -> Option<Sent> {
        let Self { feed: Some(feed), signal } = self else { panic!("closed") };
        feed.next(signal.as_mut()).unwrap().map(|delivery| match delivery.content {
            Content::Event(_, event) => Sent::Event(String::from_utf8(event.draft.json).unwrap(), event.id),
            Content::Gap(_, gap) => Sent::Gap(gap),
        })
    }

    /// Waits for it.
    pub fn next(&mut self) -> Sent {
        let began = Instant::now();
        loop {
            if let Some(sent) = self.try_next() {
                return sent;
            }
            assert!(began.elapsed() < PATIENCE, "waited in vain");
            wait(self.signal.as_ref(), Duration::from_secs(1));
            let changes = self.signal.changes();
            self.feed().wake(&changes);
        }
    }

    /// The JSON of the next events; a gap is `…`.
    pub fn take(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| told(&self.next())).collect()
    }

    /// As a worker does: a failure that passes is waited for.
    pub fn take_through_outages(&mut self, count: usize) -> Vec<String> {
        let (began, mut taken) = (Instant::now(), Vec::new());
        while taken.len() < count {
            assert!(began.elapsed() < PATIENCE, "waited in vain, {taken:?}");
            let Self { feed: Some(feed), signal } = self else { panic!("closed") };
            match feed.next(signal.as_mut()) {
                Ok(Some(delivery)) => taken.push(match delivery.content {
                    Content::Event(_, event) => String::from_utf8(event.draft.json).unwrap(),
                    Content::Gap(..) => "…".into(),
                }),
                Ok(None) => {
                    wait(signal.as_ref(), Duration::from_secs(1));
                    feed.wake(&signal.changes());
                }
                Err(error) => {
                    assert!(error.is_passing(), "{error}");
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
        taken
    }

    /// All there is by now.
    pub fn all(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.try_next()).map(|sent| told(&sent)).collect()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(feed) = self.feed.take() {
            feed.close(self.signal.as_mut());
        }
    }
}

pub fn told(sent: &Sent) -> String {
    match sent {
        Sent::Event(json, _) => json.clone(),
        Sent::Gap(_) => "…".into(),
    }
}
