//! What streams have in common, kept once.

use std::collections::HashMap;
use std::rc::Rc;

use sse_core::stream::request::Profile;

/// Profiles kept, after which those that no stream has are forgotten.
const PROFILES: usize = 1_024;

/// The profiles of all streams.
#[derive(Debug, Default)]
pub struct Profiles(HashMap<Profile, Rc<Profile>>);

impl Profiles {
    /// The one that is shared by all streams of the same profile.
    pub fn shared(&mut self, profile: &Profile) -> Rc<Profile> {
        if let Some(known) = self.0.get(profile) {
            return Rc::clone(known);
        }
        if self.0.len() >= PROFILES {
            self.0.retain(|_, profile| Rc::strong_count(profile) > 1);
        }
        let shared = Rc::new(profile.clone());
        self.0.insert(profile.clone(), Rc::clone(&shared));
        shared
    }
}
