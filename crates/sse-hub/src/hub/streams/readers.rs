//! The readers of streams that are behind, counted: each has a descriptor.

use std::rc::Rc;

use sse_core::store::Reader;

/// Counts the readers.
#[derive(Debug, Default)]
pub struct Readers(Rc<()>);

/// A reader, counted as long as it is there.
#[derive(Debug)]
pub struct CountedReader {
    /// The reader.
    pub reader: Box<dyn Reader>,
    _counts: Rc<()>,
}

impl Readers {
    /// How many there are.
    pub fn count(&self) -> usize {
        Rc::strong_count(&self.0) - 1
    }

    /// One more.
    pub fn counted(&self, reader: Box<dyn Reader>) -> CountedReader {
        CountedReader { reader, _counts: Rc::clone(&self.0) }
    }
}
