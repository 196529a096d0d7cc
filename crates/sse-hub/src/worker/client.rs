//! The worker's side of the hand-off.
//!
//! Always true:
//! - until [`Offered::go`] has returned `Ok`, the client's connection is the worker's alone; after
//!   that it is the hub's alone, and if the hub is gone by then, nobody's: the client comes back;
//! - a connection to the hub is used by the process and the user that made it, and kept for the next
//!   stream that wants the same; its address is looked for only when there is none;
//! - a hub that isn't there, doesn't answer or refuses costs a stream no more than its place there.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::start::{self, Program};
use crate::meeting::address::{Address, Requirements};
use crate::meeting::socket;
use crate::meeting::turn::NoHub;
use crate::wire::message::{self, Due, Go, Offer, Reason, Refusal, Status, ToHub, ToWorker};

/// How long a hub may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);
/// After which no other hub is looked for, where one after another ends.
const LONGEST: Duration = Duration::from_secs(1);
/// How long no hub is tried after one could not be had.
const PAUSE: Duration = Duration::from_secs(10);
/// Pauses, in milliseconds, before another hub is looked for where one was on its way out: one that
/// was killed takes connections until the system has closed all that it held.
const AGAIN_MS: [u64; 5] = [0, 5, 10, 20, 40];
/// Why there is no status.
const NONE_RUNS: &str = "no hub runs now; the first stream starts it";

/// A worker's way to the hub.
#[derive(Debug, Default)]
pub struct HubClient {
    /// The connection kept.
    kept: Option<HubConnection>,
    /// Why no hub could be had, and when.
    failed: Option<(Instant, Requirements, Declined)>,
    space: Vec<u8>,
}

/// Why the hub doesn't take a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined {
    /// The hub's own reason, if it was there to give one.
    pub reason: Option<Reason>,
    /// Whether there is one that was too slow to answer.
    pub is_slow: bool,
    /// In words.
    pub why: String,
}

impl Declined {
    fn absent(why: impl Into<String>) -> Self {
        Self { reason: None, is_slow: false, why: why.into() }
    }
}

/// A stream that the hub is ready to take; dropped, it is withdrawn.
#[derive(Debug)]
pub struct Offered<'c> {
    kept: &'c mut Option<HubConnection>,
    has_gone: bool,
}

/// A connection to a hub.
#[derive(Debug)]
struct HubConnection {
    /// The process and the user it belongs to.
    owner: (u32, u32),
    /// Where it leads.
    required: Requirements,
    connection: OwnedFd,
}

impl Offered<'_> {
    /// Hands the client's connection over.
    ///
    /// # Errors
    /// The hub is gone, or takes nothing; the connection is still the worker's.
    pub fn go(mut self, go: Go, client: BorrowedFd<'_>) -> io::Result<()> {
        let Some(kept) = &*self.kept else { return Err(io::ErrorKind::NotConnected.into()) };
        socket::send(&kept.connection, &message::write(&ToHub::Go(go))?, Some(client))?;
        self.has_gone = true;
        Ok(())
    }
}

impl Drop for Offered<'_> {
    fn drop(&mut self) {
        if !self.has_gone {
            // The end of its connection is how a hub learns of it.
            *self.kept = None;
        }
    }
}

impl HubClient {
    /// Offers a stream to the hub that is required; if there is none, the program that `program` answers for
    /// its address is started.
    ///
    /// # Errors
    /// Why the hub doesn't take it.
    pub fn offer(
        &mut self,
        required: &Requirements,
        program: impl Fn(&Address) -> Result<Program, String>,
        offer: Offer,
    ) -> Result<Offered<'_>, Declined> {
        if let Some((when, failed, declined)) = &self.failed
            && failed == required
            && when.elapsed() < PAUSE
        {
            return Err(declined.clone());
        }
        let began = Instant::now();
        let offer = message::write(&ToHub::Offer(Box::new(offer)))
            .map_err(|error| Declined::absent(error.to_string()))?;
        let connect = || {
            let address = Address::find(required).map_err(|error| error.to_string())?;
            start::connect(&address, &program(&address)?, PATIENCE)
        };
        let mut answer = self.ask(required, &offer, connect);
        for pause in AGAIN_MS {
            let is_leaving = matches!(
                &answer,
                Err(Trouble::Gone) | Ok(ToWorker::Refused(Refusal { reason: Reason::Ending, .. }))
            );
            if !is_leaving || began.elapsed() > LONGEST {
                break;
            }
            self.kept = None;
            std::thread::sleep(Duration::from_millis(pause));
            answer = self.ask(required, &offer, connect);
        }
        let declined = match answer {
            Ok(ToWorker::Ready) => None,
            Ok(ToWorker::Refused(Refusal { reason, why })) => {
                Some(Declined { reason: Some(reason), is_slow: false, why })
            }
            Ok(ToWorker::Status(_) | ToWorker::Recall(_)) => {
                Some(Declined::absent("the hub answered something else"))
            }
            Err(Trouble::Gone) => Some(Declined::absent("one hub after another ended before it answered")),
            Err(Trouble::Because(why)) => Some(Declined::absent(why)),
            Err(Trouble::Slow(why)) => Some(Declined { reason: None, is_slow: true, why }),
            // The next stream looks again.
            Err(Trouble::Starting(why)) => return Err(Declined::absent(why)),
        };
        if let Some(declined) = declined {
            if matches!(declined.reason, None | Some(Reason::Ending)) {
                self.kept = None;
                self.failed = Some((Instant::now(), required.clone(), declined.clone()));
            }
            return Err(declined);
        }
        Ok(Offered { kept: &mut self.kept, has_gone: false })
    }

    /// Asks the hub that is required, and would be at `address`, how it is going; it isn't started.
    ///
    /// # Errors
    /// Why it can't be asked.
    pub fn status(&mut self, required: &Requirements, address: &Address) -> Result<Status, Declined> {
        let question = message::write(&ToHub::Status(required.build.clone()))
            .map_err(|error| Declined::absent(error.to_string()))?;
        let connect = || start::existing(address, PATIENCE)?.ok_or_else(|| NoHub::from(NONE_RUNS.to_owned()));
        let mut answer = self.ask(required, &question, connect);
        if matches!(answer, Err(Trouble::Gone)) {
            answer = self.ask(required, &question, connect);
        }
        match answer {
            Ok(ToWorker::Status(status)) => Ok(status),
            Ok(ToWorker::Refused(Refusal { reason, why })) => {
                Err(Declined { reason: Some(reason), is_slow: false, why })
            }
            Ok(ToWorker::Ready | ToWorker::Recall(_)) => {
                Err(Declined::absent("the hub answered something else"))
            }
            Err(Trouble::Gone) => Err(Declined::absent(NONE_RUNS)),
            Err(Trouble::Because(why) | Trouble::Slow(why) | Trouble::Starting(why)) => {
                Err(Declined::absent(why))
            }
        }
    }

    /// Asks the hub at `address` what a recall is for; `None` if it knows of none with this token.
    pub fn recall(&mut self, required: &Requirements, address: &Address, token: &str) -> Option<Due> {
        let question = message::write(&ToHub::Recall(token.to_owned())).ok()?;
        let connect = || start::existing(address, PATIENCE)?.ok_or_else(|| NoHub::from(NONE_RUNS.to_owned()));
        let mut answer = self.ask(required, &question, connect);
        if matches!(answer, Err(Trouble::Gone)) {
            answer = self.ask(required, &question, connect);
        }
        match answer {
            Ok(ToWorker::Recall(due)) => due,
            _ => None,
        }
    }

    fn ask(
        &mut self,
        required: &Requirements,
        question: &[u8],
        connect: impl FnOnce() -> Result<OwnedFd, NoHub>,
    ) -> Result<ToWorker, Trouble> {
        let owner = (std::process::id(), rustix::process::geteuid().as_raw());
        if !self.kept.as_ref().is_some_and(|kept| kept.owner == owner && kept.required == *required) {
            let connection = connect().map_err(|NoHub { why, is_coming }| match is_coming {
                true => Trouble::Starting(why),
                false => Trouble::Because(why),
            })?;
            self.kept = Some(HubConnection { owner, required: required.clone(), connection });
        }
        let Some(HubConnection { connection, .. }) = &self.kept else { return Err(Trouble::Gone) };
        if self.space.is_empty() {
            self.space = socket::space();
        }
        let answer = socket::send(connection, question, None)
            .and_then(|()| socket::receive(connection, &mut self.space))
            .and_then(|message| message.map(|message| message::read(message.bytes)).transpose());
        match answer {
            Ok(Some(answer)) => Ok(answer),
            other => {
                // What comes late must not be taken for the answer to a later question.
                self.kept = None;
                Err(match other {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        Trouble::Slow(format!("the hub did not answer within {} ms", PATIENCE.as_millis()))
                    }
                    Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                        Trouble::Because(error.to_string())
                    }
                    _ => Trouble::Gone,
                })
            }
        }
    }
}

/// Why there is no answer.
enum Trouble {
    /// The connection ended.
    Gone,
    /// There is one, and it doesn't answer.
    Slow(String),
    /// There is no hub yet.
    Starting(String),
    Because(String),
}
