//! What it takes to ask PHP again for one stream, and what it has answered.

use std::time::Instant;

use super::parameters::Parameters;
use super::turn::Turn;
use crate::hub::ids::GroupId;
use crate::wire::message::Maker;
use crate::wire::outgoing::Outgoing;

/// A stream that PHP is asked again for.
#[derive(Debug)]
pub struct Recall {
    /// The group that it belongs to.
    pub group: GroupId,
    /// Whether PHP makes its frames; else it is asked for other things only.
    pub is_php_maker: bool,
    /// The parameters of its request.
    pub parameters: Parameters,
    /// The session that they are of.
    pub session: Option<u64>,
    /// Whether PHP is being asked for this stream alone.
    pub turn: Turn,
    /// When `onLoop` is due.
    pub loops: Option<Instant>,
    /// A frame, or several, that is to be written next.
    pub ready: Option<Outgoing>,
}

impl Recall {
    /// A stream whose closures had their turn just now.
    pub fn new((group, maker): (GroupId, Maker), parameters: Parameters, loops: Option<Instant>) -> Self {
        Self {
            group,
            is_php_maker: maker != Maker::Hub,
            session: parameters.session(),
            parameters,
            turn: Turn::default(),
            loops,
            ready: None,
        }
    }

    /// Whether `onLoop` is due.
    pub fn is_loop_due(&self, now: Instant) -> bool {
        self.loops.is_some_and(|loops| loops <= now)
    }
}
