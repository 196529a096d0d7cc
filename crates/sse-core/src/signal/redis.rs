//! Channels of a Redis server: a message for each push, heard by a thread.
//!
//! ```text
//! caller ──wanted──► knocker ──PUBLISH──► server ──message──► listener ──seen, eventfd──► caller
//! ```
//! The listener's connection can only be written to by itself, and it sleeps in a read. So a second
//! thread knocks: it publishes on a channel of our own, and the listener looks what is wanted now.
//! It knocks every few seconds in any case: a listener that hears nothing for long has lost its
//! connection, whatever the system says of it.
//!
//! All names begin with the store's prefix, which may be all that an ACL lets us use: stores of one server
//! with different prefixes have a signal each.
//!
//! Always true:
//! - a channel counts as changed once it is subscribed to, and all do once a connection is lost: what
//!   was pushed before somebody listened is read;
//! - two connections carry any number of channels;
//! - neither thread outlives the signal by more than a time-out, and neither crosses a fork: who keeps a
//!   signal remembers which process made it.

use std::collections::{HashMap, HashSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use redis::{Connection, RedisResult, Value, cmd};
use rustix::event::{EventfdFlags, eventfd};

use super::watch::{Changes, Signal, Trigger, Watch};
use crate::cursor::Epoch;
use crate::error::{Error, Result};
use crate::redis::Server;

/// Pause between two knocks that nothing asks for.
const KNOCK_EVERY: Duration = Duration::from_secs(5);
/// Silence after which the listener's connection counts as lost.
const SILENCE: Duration = Duration::from_secs(15);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Channels named in one command.
const BATCH: usize = 500;

type ChannelName = Vec<u8>;

/// The channels of one prefix on a server.
#[derive(Debug)]
pub struct RedisSignal {
    shared: Arc<Shared>,
    watches: HashMap<ChannelName, Watch>,
    channels: HashMap<Watch, ChannelName>,
    next: u64,
}

/// What the caller and the two threads share.
#[derive(Debug)]
struct Shared {
    server: Server,
    /// The channel of our own.
    control: ChannelName,
    state: Mutex<State>,
    /// Something is wanted, or nothing any more.
    wanted: Condvar,
    /// Readable when something was seen.
    wake: OwnedFd,
}

#[derive(Debug, Default)]
struct State {
    /// What to listen to.
    channels: HashSet<ChannelName>,
    /// What to begin and to end since the listener last looked.
    pending: HashMap<ChannelName, bool>,
    /// What changed; `None` for anything.
    seen: Option<HashSet<ChannelName>>,
    has_ended: bool,
}

impl RedisSignal {
    /// Starts to listen. Whether the server is there shows later: until then everything counts as
    /// changed whenever something could have been missed.
    ///
    /// # Errors
    /// [`Error::Watch`] if the system has no descriptor or thread left.
    pub fn new(server: &Server, prefix: &str) -> Result<Self> {
        let failed = |source| Error::Watch { what: server.to_string(), source };
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|error| failed(error.into()))?;
        let control = format!("{prefix}control:{:08x}{:08x}", Epoch::draw().0, Epoch::draw().0).into_bytes();
        let state = State { seen: Some(HashSet::new()), ..State::default() };
        let (server, state, wanted) = (server.clone(), Mutex::new(state), Condvar::new());
        let shared = Arc::new(Shared { server, control, state, wanted, wake });
        for (name, run) in [("sse-listener", listen as fn(&Shared)), ("sse-knocker", knock)] {
            let own = Arc::clone(&shared);
            let started = thread::Builder::new().name(name.into()).spawn(move || run(&own));
            if let Err(error) = started {
                shared.end();
                return Err(failed(error));
            }
        }
        Ok(Self { shared, watches: HashMap::new(), channels: HashMap::new(), next: 0 })
    }

    fn want(&self, channel: &ChannelName, is_wanted: bool) {
        let mut state = self.shared.state.lock();
        if is_wanted {
            state.channels.insert(channel.clone());
        } else {
            state.channels.remove(channel);
        }
        state.pending.insert(channel.clone(), is_wanted);
        self.shared.wanted.notify_all();
    }
}

impl Signal for RedisSignal {
    fn watch(&mut self, trigger: Trigger<'_>) -> Result<Watch> {
        let channel = ChannelName::from(trigger.channel()?);
        self.next += 1;
        let watch = Watch(self.next);
        self.want(&channel, true);
        self.channels.insert(watch, channel.clone());
        self.watches.insert(channel, watch);
        Ok(watch)
    }

    fn unwatch(&mut self, watch: Watch) {
        if let Some(channel) = self.channels.remove(&watch)
            && self.watches.get(&channel) == Some(&watch)
        {
            self.watches.remove(&channel);
            self.want(&channel, false);
        }
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.shared.wake.as_fd())
    }

    fn look_every(&self) -> Option<Duration> {
        None
    }

    fn changes(&mut self) -> Changes {
        // First the descriptor, then what was seen: the other way round a wake-up could be lost.
        let _ = rustix::io::read(&self.shared.wake, &mut [0_u8; 8]);
        match self.shared.state.lock().seen.replace(HashSet::new()) {
            None => Changes::All,
            Some(seen) => {
                Changes::Some(seen.iter().filter_map(|channel| self.watches.get(channel).copied()).collect())
            }
        }
    }

    fn name(&self) -> &'static str {
        "redis"
    }
}

impl Drop for RedisSignal {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Shared {
    fn end(&self) {
        self.state.lock().has_ended = true;
        self.wanted.notify_all();
    }

    fn has_ended(&self) -> bool {
        self.state.lock().has_ended
    }

    /// Takes note of a change; `None` is "anything may have changed".
    fn note(&self, channel: Option<ChannelName>) {
        let mut state = self.state.lock();
        match (channel, &mut state.seen) {
            (Some(channel), Some(seen)) => drop(seen.insert(channel)),
            (None, _) => state.seen = None,
            (Some(_), None) => {}
        }
        drop(state);
        // Fails only if it is full, and then it is readable.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    /// Waits, but not for who has ended.
    fn pause(&self, pause: Duration) {
        let mut state = self.state.lock();
        if !state.has_ended {
            self.wanted.wait_for(&mut state, pause);
        }
    }
}

/// The thread that hears.
fn listen(shared: &Shared) {
    let mut pause = SHORTEST_PAUSE;
    while !shared.has_ended() {
        if let Ok(mut connection) = shared.server.connect_patiently(SILENCE) {
            let began = Instant::now();
            // Ends when the connection does, or when we may not listen.
            let _ = hear(shared, &mut connection);
            shared.note(None);
            // One that let us in and soon refused us will do so again.
            if began.elapsed() > LONGEST_PAUSE {
                pause = SHORTEST_PAUSE;
            }
        }
        // Not by the condition: each new wish would be another try.
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn hear(shared: &Shared, connection: &mut Connection) -> RedisResult<()> {
    let wanted: Vec<ChannelName> = {
        let mut state = shared.state.lock();
        state.pending.clear();
        state.channels.iter().cloned().collect()
    };
    send(connection, "SUBSCRIBE", std::slice::from_ref(&shared.control))?;
    send(connection, "SUBSCRIBE", &wanted)?;
    while !shared.has_ended() {
        let Some((is_message, channel)) = message(&connection.recv_response()?.extract_error()?) else {
            continue;
        };
        if channel != shared.control {
            shared.note(Some(channel));
        } else if is_message {
            let pending = std::mem::take(&mut shared.state.lock().pending);
            let (begun, ended): (Vec<_>, Vec<_>) = pending.into_iter().partition(|(_, is_wanted)| *is_wanted);
            let names = |channels: Vec<(ChannelName, bool)>| -> Vec<ChannelName> {
                channels.into_iter().map(|(channel, _)| channel).collect()
            };
            send(connection, "SUBSCRIBE", &names(begun))?;
            send(connection, "UNSUBSCRIBE", &names(ended))?;
        }
    }
    Ok(())
}

fn send(connection: &mut Connection, name: &str, channels: &[ChannelName]) -> RedisResult<()> {
    for batch in channels.chunks(BATCH) {
        connection.send_packed_command(&cmd(name).arg(batch).get_packed_command())?;
    }
    Ok(())
}

/// The channel that a message came on, or that is subscribed to from now on.
fn message(value: &Value) -> Option<(bool, ChannelName)> {
    let Value::Array(parts) = value else { return None };
    match parts.as_slice() {
        [Value::BulkString(kind), Value::BulkString(channel), _] => match kind.as_slice() {
            b"message" => Some((true, channel.clone())),
            b"subscribe" => Some((false, channel.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// The thread that knocks.
fn knock(shared: &Shared) {
    let mut connection: Option<Connection> = None;
    let mut pause = SHORTEST_PAUSE;
    loop {
        let heard = match &mut connection {
            Some(open) => cmd("PUBLISH").arg(&shared.control).arg("").query::<u64>(open),
            None => match shared.server.connect() {
                Ok(open) => {
                    connection = Some(open);
                    continue;
                }
                Err(_) => Ok(0),
            },
        };
        if heard.is_err() {
            connection = None;
        }
        if shared.has_ended() {
            return;
        }
        if matches!(heard, Ok(listeners) if listeners > 0) {
            pause = SHORTEST_PAUSE;
            let mut state = shared.state.lock();
            if state.pending.is_empty() && !state.has_ended {
                shared.wanted.wait_for(&mut state, KNOCK_EVERY);
            }
        } else {
            shared.pause(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
