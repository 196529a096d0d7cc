//! The name that events are published under.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::printable::Printable;

/// Longest key, in bytes; a log's header line and a frame's `keys` stay readable with it.
pub const MAX_KEY_BYTES: usize = 1_024;
/// Keys one stream may follow.
pub const MAX_KEYS: usize = 64;

/// A key: any bytes but NUL, 1 to 1,024 of them. Compared byte by byte, so that `'a b'` and `'a_b'` differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<[u8]>);

impl Key {
    /// Checks `bytes` once; whatever holds a `Key` need not.
    ///
    /// # Errors
    /// [`Error::EmptyKey`], [`Error::KeyTooLong`], [`Error::NulInKey`].
    pub fn new(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::EmptyKey);
        }
        if bytes.len() > MAX_KEY_BYTES {
            return Err(Error::KeyTooLong { len: bytes.len(), max: MAX_KEY_BYTES });
        }
        if let Some(at) = memchr::memchr(0, bytes) {
            return Err(Error::NulInKey { at });
        }
        Ok(Self(bytes.into()))
    }

    /// The key's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 of the bytes: file names and cursors take theirs from it, so that keys which users
    /// choose can't be made to collide.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

/// For messages and logs: control characters and invalid UTF-8 are shown, never printed.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Printable(&self.0))
    }
}

/// The keys of one stream: each once, 1 to [`MAX_KEYS`] of them, in the order that they were first named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keys(Arc<[Key]>);

impl Keys {
    /// Each of these once.
    ///
    /// # Errors
    /// [`Error::NoKeys`], [`Error::TooManyKeys`].
    pub fn new(keys: Vec<Key>) -> Result<Self> {
        let mut distinct: Vec<Key> = Vec::with_capacity(keys.len().min(MAX_KEYS));
        for key in keys {
            if !distinct.contains(&key) {
                distinct.push(key);
            }
            if distinct.len() > MAX_KEYS {
                return Err(Error::TooManyKeys { max: MAX_KEYS });
            }
        }
        if distinct.is_empty() { Err(Error::NoKeys) } else { Ok(Self(distinct.into())) }
    }
}

impl Deref for Keys {
    type Target = [Key];

    fn deref(&self) -> &[Key] {
        &self.0
    }
}

/// For messages and logs: `key "a"`, or `keys "a", "b"`.
impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names(self.iter()).fmt(f)
    }
}

/// Keys for messages and logs: `key "a"`, or `keys "a", "b"`.
#[must_use]
pub fn names<'k>(keys: impl IntoIterator<Item = &'k Key>) -> String {
    let names: Vec<String> = keys.into_iter().map(Key::to_string).collect();
    match names.as_slice() {
        [one] => format!("key {one}"),
        many => format!("keys {}", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_to_1024_bytes_without_nul() {
        assert!(matches!(Key::new(b""), Err(Error::EmptyKey)));
        assert!(matches!(Key::new(&[b'a'; 1_025]), Err(Error::KeyTooLong { len: 1_025, max: 1_024 })));
        assert!(matches!(Key::new(b"a\0b"), Err(Error::NulInKey { at: 1 })));
        assert!(Key::new(&[b'a'; 1_024]).is_ok());
        assert!(Key::new(b"\xff /\n").is_ok());
    }

    #[test]
    fn a_stream_has_1_to_64_keys_each_once() {
        let key = |number: usize| Key::new(number.to_string().as_bytes()).unwrap();
        assert!(matches!(Keys::new(Vec::new()), Err(Error::NoKeys)));
        assert!(matches!(
            Keys::new((0..=MAX_KEYS).map(key).collect()),
            Err(Error::TooManyKeys { max: MAX_KEYS })
        ));
        assert_eq!(Keys::new((0..MAX_KEYS).chain(0..9).map(key).collect()).unwrap().len(), MAX_KEYS);
        assert_eq!(*Keys::new([2, 1, 2].map(key).to_vec()).unwrap(), [key(2), key(1)]);
    }

    #[test]
    fn a_key_shows_no_control_characters_in_messages() {
        assert_eq!(Key::new(b"a\nb\x1b[2J").unwrap().to_string(), "\"a\\nb\\u{1b}[2J\"");
    }
}
