//! Ids as the database has them: one integer each.

use crate::id::{EventId, MAX_SEQUENCE};

/// An id as the database has it: SQLite's integers keep their order.
pub fn number(id: EventId) -> i64 {
    // 48 bits and 14. No id of ours has more; of a client's text only the place among ours counts.
    ((id.millis << 14) | id.sequence.min(MAX_SEQUENCE)).cast_signed()
}

/// The id that the database has so.
pub fn id(number: i64) -> EventId {
    let number = number.cast_unsigned();
    EventId::new(number >> 14, number & MAX_SEQUENCE)
}
