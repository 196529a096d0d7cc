//! Where an event of the poll comes from, as a token.

use mio::Token;

use crate::hub::SignalId;

/// Where an event of the poll comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Listener,
    Terminate,
    Signal(SignalId),
    /// By its index.
    Worker(usize),
    /// By its number: the connections know which stream has it now.
    Stream(usize),
    /// A call to PHP-FPM, by its number.
    Call(usize),
}

impl Origin {
    const KINDS: usize = 6;

    pub fn token(self) -> Token {
        Token(match self {
            Self::Listener => 0,
            Self::Terminate => 1,
            Self::Signal(SignalId(number)) => number * Self::KINDS + 2,
            Self::Worker(index) => index * Self::KINDS + 3,
            Self::Stream(number) => number * Self::KINDS + 4,
            Self::Call(number) => number * Self::KINDS + 5,
        })
    }

    pub fn of(Token(token): Token) -> Self {
        let index = token / Self::KINDS;
        match token % Self::KINDS {
            0 => Self::Listener,
            1 => Self::Terminate,
            2 => Self::Signal(SignalId(index)),
            3 => Self::Worker(index),
            4 => Self::Stream(index),
            _ => Self::Call(index),
        }
    }
}
