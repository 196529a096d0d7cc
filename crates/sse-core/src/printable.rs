//! What others chose, as it may stand in a message or a log.

use std::fmt;

/// Bytes made safe for one line of a log, cut after 200 characters.
pub struct Printable<'a>(pub &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, character) in String::from_utf8_lossy(self.0).chars().enumerate() {
            if count == 200 {
                return f.write_str("…");
            }
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}
