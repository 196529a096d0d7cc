//! Parameters of requests that are kept for a recall: what many requests share is kept once.
//!
//! Most of a request's parameters are those of thousands (the script, the server, the headers that every browser
//! sends alike). So they are kept against another request's, the base: which of its parameters are the same, and
//! what is different.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::{Rc, Weak};

/// Parameters of a base that can be referred to, by a bit each.
const SHARED: usize = 64;
/// Bases that are looked through.
const BASES: usize = 16;

/// The header that says whose session a request is of.
const COOKIE: &[u8] = b"HTTP_COOKIE";

/// A pair as FastCGI writes it.
type Pair = Box<[u8]>;

/// The parameters of one request.
#[derive(Clone, Debug)]
pub struct Parameters {
    base: Rc<[Pair]>,
    /// Which of the base's it has, from the lowest bit.
    shared: u64,
    /// The others, one behind the other.
    own: Box<[u8]>,
}

impl Parameters {
    /// The pairs as FastCGI writes them, in parts.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let shared = self.base.iter().enumerate().filter(|(index, _)| self.shared >> index & 1 == 1);
        shared.map(|(_, pair)| &**pair).chain([&*self.own])
    }

    /// What tells its session from others, if it has one: PHP serves one request of a session after the other.
    pub fn session(&self) -> Option<u64> {
        let pair = self.parts().flat_map(pairs).find(|pair| name(pair) == Some(COOKIE) && !is_empty(pair))?;
        let mut hasher = DefaultHasher::new();
        pair.hash(&mut hasher);
        Some(hasher.finish())
    }
}

/// The bases of requests that are kept.
#[derive(Debug, Default)]
pub struct Bases(Vec<Weak<[Pair]>>);

impl Bases {
    /// Keeps the parameters of a request. What can't be read as pairs is kept as it is.
    pub fn keep(&mut self, parameters: &[u8]) -> Parameters {
        let pairs: Vec<&[u8]> = pairs(parameters);
        self.0.retain(|base| base.strong_count() > 0);
        let best = self
            .0
            .iter()
            .filter_map(Weak::upgrade)
            .map(|base| (shared_with(&base, &pairs), base))
            .max_by_key(|(shared, _)| shared.count_ones());
        if let Some((shared, base)) = best
            && shared.count_ones() as usize * 2 >= pairs.len()
        {
            let is_own = |pair: &&&[u8]| {
                !base.iter().enumerate().any(|(index, other)| shared >> index & 1 == 1 && **other == ***pair)
            };
            let own: Vec<&[u8]> = pairs.iter().filter(is_own).copied().collect();
            return Parameters { base, shared, own: own.concat().into() };
        }
        let base: Rc<[Pair]> = pairs.iter().take(SHARED).map(|pair| Pair::from(*pair)).collect();
        let own = pairs.get(SHARED..).unwrap_or_default().concat().into();
        let shared = if base.len() == SHARED { u64::MAX } else { (1 << base.len()) - 1 };
        if self.0.len() < BASES {
            self.0.push(Rc::downgrade(&base));
        }
        Parameters { base, shared, own }
    }
}

/// Which pairs of a base a request has, by a bit each.
fn shared_with(base: &[Pair], pairs: &[&[u8]]) -> u64 {
    let has = base.iter().enumerate().filter(|(_, pair)| pairs.contains(&&***pair));
    has.fold(0, |shared, (index, _)| shared | 1 << index)
}

/// The name of a pair.
fn name(pair: &[u8]) -> Option<&[u8]> {
    let (name, rest) = length(pair)?;
    let (_, rest) = length(rest)?;
    rest.get(..name)
}

/// Whether a pair has no value.
fn is_empty(pair: &[u8]) -> bool {
    length(pair).and_then(|(_, rest)| length(rest)).is_none_or(|(value, _)| value == 0)
}

/// Takes parameters apart; what is left where they end early is one.
fn pairs(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut pairs = Vec::new();
    while let Some(length) = pair_length(bytes)
        && let Some((pair, rest)) = bytes.split_at_checked(length)
    {
        pairs.push(pair);
        bytes = rest;
    }
    if !bytes.is_empty() {
        pairs.push(bytes);
    }
    pairs
}

/// Bytes of the pair that comes first.
fn pair_length(bytes: &[u8]) -> Option<usize> {
    let (name, rest) = length(bytes)?;
    let (value, rest) = length(rest)?;
    Some(bytes.len() - rest.len() + name + value)
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [short @ 0..=127, rest @ ..] => Some((usize::from(*short), rest)),
        [a, b, c, d, rest @ ..] => Some((u32::from_be_bytes([a & 0x7f, *b, *c, *d]) as usize, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::call;

    fn encoded(pairs: &[(&str, &str)]) -> Vec<u8> {
        call::parameters(pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
    }

    fn sorted(parameters: &Parameters) -> Vec<Vec<u8>> {
        let all: Vec<u8> = parameters.parts().flatten().copied().collect();
        let mut pairs: Vec<Vec<u8>> = pairs(&all).into_iter().map(<[u8]>::to_vec).collect();
        pairs.sort();
        pairs
    }

    /// What nginx sends for a browser.
    fn browser(cookie: &str, port: &str) -> Vec<u8> {
        encoded(&[
            ("QUERY_STRING", ""),
            ("REQUEST_METHOD", "GET"),
            ("SCRIPT_FILENAME", "/var/www/app/webroot/index.php"),
            ("REQUEST_URI", "/events"),
            ("DOCUMENT_ROOT", "/var/www/app/webroot"),
            ("SERVER_PROTOCOL", "HTTP/2.0"),
            ("REMOTE_ADDR", "203.0.113.7"),
            ("REMOTE_PORT", port),
            (
                "HTTP_USER_AGENT",
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
            ),
            ("HTTP_ACCEPT", "text/event-stream"),
            ("HTTP_ACCEPT_LANGUAGE", "en-US,en;q=0.9"),
            ("HTTP_COOKIE", cookie),
        ])
    }

    #[test]
    fn what_requests_share_is_kept_once() {
        let mut bases = Bases::default();
        let first = bases.keep(&browser("PHPSESSID=0123456789abcdef0123456789", "40001"));
        let second = bases.keep(&browser("PHPSESSID=fedcba9876543210fedcba9876", "40002"));
        assert!(Rc::ptr_eq(&first.base, &second.base));
        assert!(second.own.len() < 80, "{} bytes of its own", second.own.len());
    }

    #[test]
    fn a_request_of_another_kind_has_a_base_of_its_own() {
        let mut bases = Bases::default();
        let first = bases.keep(&browser("a", "1"));
        let other = [("REQUEST_METHOD", "GET"), ("SCRIPT_FILENAME", "/other.php"), ("REQUEST_URI", "/other")];
        let other = bases.keep(&encoded(&other));
        assert!(!Rc::ptr_eq(&first.base, &other.base));
    }

    #[test]
    fn a_session_is_told_by_its_cookies_wherever_they_are_kept() {
        let mut bases = Bases::default();
        let [a, b, again] =
            ["PHPSESSID=a", "PHPSESSID=b", "PHPSESSID=a"].map(|cookie| bases.keep(&browser(cookie, "1")));
        assert!(a.session().is_some());
        assert_eq!(a.session(), again.session());
        assert_ne!(a.session(), b.session());
        assert_eq!(bases.keep(&encoded(&[("REQUEST_METHOD", "GET")])).session(), None);
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_came(
            requests in prop::collection::vec(
                prop::collection::btree_map("[A-D]{1,2}", prop::collection::vec(any::<u8>(), 0..200), 0..90),
                1..8,
            ),
        ) {
            let mut bases = Bases::default();
            for request in requests {
                let all = call::parameters(request.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
                let mut expected: Vec<Vec<u8>> = pairs(&all).into_iter().map(<[u8]>::to_vec).collect();
                expected.sort();
                prop_assert_eq!(sorted(&bases.keep(&all)), expected);
            }
        }

        #[test]
        fn no_bytes_make_keeping_panic_or_lose_one(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let kept = Bases::default().keep(&bytes);
            prop_assert_eq!(kept.parts().flatten().count(), bytes.len());
        }
    }
}
