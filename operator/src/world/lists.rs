//! Which full lists were seen, and what the ones that are coming in have.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use crate::intake::{Source, Thing};

/// Lists of the watched kinds.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    complete: HashSet<Source>,
    coming: BTreeMap<Source, Seen>,
}

/// The names that a list has, in 16 bytes each: hashes under keys of this
/// process's own, of which no two that are alike will be met.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    hashers: [RandomState; 2],
    names: HashSet<[u64; 2]>,
}

impl Seen {
    fn insert(&mut self, namespace: &str, name: &str) {
        self.names.insert(self.hash(namespace, name));
    }

    pub(crate) fn has(&self, namespace: &str, name: &str) -> bool {
        self.names.contains(&self.hash(namespace, name))
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    fn hash(&self, namespace: &str, name: &str) -> [u64; 2] {
        let [a, b] = &self.hashers;
        [a, b].map(|hasher| hasher.hash_one((namespace, name)))
    }
}

impl Lists {
    pub(crate) fn begin(&mut self, source: Source) {
        self.coming.insert(source, Seen::default());
    }

    /// Notes that something is there; whether a list that is coming in says so.
    pub(crate) fn see(&mut self, thing: &Thing) -> bool {
        let Some(seen) = self.coming.get_mut(&thing.source()) else {
            return false;
        };
        match thing {
            Thing::Object(received) => {
                let name = &received.reference.name;
                seen.insert(&name.namespace, &name.name);
            }
            Thing::Slice(slice) => seen.insert("", &slice.key().name),
        }
        true
    }

    /// The names that a list had, now that it is complete.
    pub(crate) fn end(&mut self, source: Source) -> Seen {
        self.complete.insert(source);
        self.coming.remove(&source).unwrap_or_default()
    }

    /// Whether every kind was listed once.
    pub(crate) fn are_complete(&self) -> bool {
        Source::ALL
            .iter()
            .all(|source| self.complete.contains(source))
    }

    /// The kinds that were not listed yet.
    pub(crate) fn missing(&self) -> impl Iterator<Item = Source> {
        let all = Source::ALL.into_iter();
        all.filter(|source| !self.complete.contains(source))
    }
}
