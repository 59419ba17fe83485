//! Members by name.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::members::Member;
use crate::slab::Slab;

/// Numbers of members, found by a name that only the member itself holds: five
/// bytes a place.
#[derive(Debug, Default)]
pub(crate) struct MemberIds {
    ids: HashTable<u32>,
    hasher: RandomState,
}

impl MemberIds {
    pub(crate) fn get(&self, members: &Slab<Member>, namespace: &str, name: &str) -> Option<u32> {
        let is_it = |id: &u32| {
            members
                .get(*id)
                .is_some_and(|m| m.is_named(namespace, name))
        };
        let hash = hash(&self.hasher, namespace, name);
        self.ids.find(hash, is_it).copied()
    }

    /// Notes a member whose name is not here yet.
    pub(crate) fn insert(&mut self, members: &Slab<Member>, id: u32) {
        let Self { ids, hasher } = self;
        let hash_of = |id: &u32| {
            let member = members.get(*id);
            member.map_or(0, |member| {
                hash(hasher, &member.vpc.namespace, &member.name)
            })
        };
        ids.insert_unique(hash_of(&id), id, hash_of);
    }

    /// Forgets a member that is still there.
    pub(crate) fn remove(&mut self, members: &Slab<Member>, id: u32) {
        let Some(member) = members.get(id) else {
            return;
        };
        let hash = hash(&self.hasher, &member.vpc.namespace, &member.name);
        if let Ok(place) = self.ids.find_entry(hash, |other| *other == id) {
            place.remove();
        }
    }
}

fn hash(hasher: &RandomState, namespace: &str, name: &str) -> u64 {
    hasher.hash_one((namespace, name))
}
