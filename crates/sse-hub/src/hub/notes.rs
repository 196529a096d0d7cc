//! What the hub has to say: lines for its log, and the last thing that went wrong.
//!
//! All parts of the hub write to the same notes; the loop takes the lines and writes them down.

use std::cell::RefCell;
use std::fmt::Display;
use std::panic::Location;
use std::rc::Rc;

/// The notes; a clone of them is the same notes.
#[derive(Clone, Debug, Default)]
pub struct Notes(Rc<RefCell<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    lines: Vec<String>,
    last_error: Option<String>,
    /// Lines of our code that have looked for something in vain: each says so once.
    told: Vec<&'static Location<'static>>,
}

/// Something that must be there was not. Only [`Notes::lost`] makes it, and has said so: who gets it leaves
/// the rest undone.
#[derive(Debug)]
pub struct Lost(());

impl Lost {
    /// What is answered to who asked for it.
    pub fn why(&self) -> &'static str {
        "the hub has lost something of its own, its log says what"
    }
}

impl Notes {
    /// A line for the log.
    pub fn line(&self, line: String) {
        self.0.borrow_mut().lines.push(line);
    }

    /// A line for the log, which is the last error from now on.
    pub fn error(&self, line: String) {
        self.last_error_is(line.clone());
        self.line(line);
    }

    /// What went wrong, for the status alone.
    pub fn last_error_is(&self, error: String) {
        self.0.borrow_mut().last_error = Some(error);
    }

    /// The last thing that went wrong.
    pub fn last_error(&self) -> Option<String> {
        self.0.borrow().last_error.clone()
    }

    /// The lines since the last call.
    pub fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut().lines)
    }

    /// Says that something is gone which must be there: a mistake in the hub. It stops a test, and in a
    /// release it is a line in the log and costs what was about to be done.
    #[track_caller]
    pub fn lost(&self, what: impl Display) -> Lost {
        let place = Location::caller();
        debug_assert!(false, "{what} is gone");
        let is_told = self.0.borrow().told.contains(&place);
        if !is_told {
            self.0.borrow_mut().told.push(place);
            self.error(format!(
                "{what} is gone, looked for at {place}; this is a mistake in the hub, please report it"
            ));
        }
        Lost(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "stream 7 is gone"))]
    fn what_is_lost_stops_a_test_and_is_told_once_in_a_release() {
        let notes = Notes::default();
        for _ in 0..3 {
            notes.clone().lost("stream 7");
        }
        let lines = notes.take_lines();
        assert!(lines.len() == 1 && lines[0].starts_with("stream 7 is gone"), "{lines:?}");
        assert_eq!(notes.last_error().as_ref(), lines.first());
    }
}
