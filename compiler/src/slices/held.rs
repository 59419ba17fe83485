//! What the API server is known to hold of a slice, and what is on its way.

use std::collections::BTreeSet;

use crate::entries::ObjectName;

/// What the API server held at a version. The newest version counts, in
/// whatever order answers and watch events tell of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// 0 of a slice that was never there.
    pub(super) resource_version: u64,
    /// Of the contents; `None` where the slice is not there.
    pub(super) fingerprint: Option<u64>,
}

/// A write that was not answered yet.
#[derive(Debug)]
pub(super) struct Flight<K> {
    /// The version that it is based on.
    pub(super) base: u64,
    /// As in [`Held`].
    pub(super) fingerprint: Option<u64>,
    pub(super) errand: Errand<K>,
}

/// Why a slice is to be written.
#[derive(Debug)]
pub(super) struct Errand<K> {
    /// Entries that came, changed or went.
    pub(super) keys: BTreeSet<K>,
    /// Peerings that need the slice's new labels.
    pub(super) peerings: BTreeSet<ObjectName>,
    /// Whether entries go or lead elsewhere.
    pub(super) loses: bool,
}

impl<K> Default for Errand<K> {
    fn default() -> Self {
        Self {
            keys: BTreeSet::new(),
            peerings: BTreeSet::new(),
            loses: false,
        }
    }
}

impl<K: Ord> Errand<K> {
    /// Takes on what another one did not achieve.
    pub(super) fn add(&mut self, mut other: Self) {
        self.keys.append(&mut other.keys);
        self.peerings.append(&mut other.peerings);
        self.loses |= other.loses;
    }
}
