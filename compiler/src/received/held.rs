//! The slices of one kind that are held.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ipnet::IpNet;
use isthmus_crds::Vni;

use super::entry::Entry;
use super::index::Index;
use crate::slab::Slab;

/// A slice as it was received.
#[derive(Debug)]
pub(super) struct Held<E> {
    pub(super) name: Arc<str>,
    pub(super) vni: Vni,
    pub(super) uid: Arc<str>,
    pub(super) version: u64,
    /// By prefix, each once.
    pub(super) entries: Box<[E]>,
}

impl<E: Entry> Held<E> {
    pub(super) fn get(&self, prefix: IpNet) -> Option<&E> {
        let at = self.entries.binary_search_by_key(&prefix, Entry::prefix);
        at.ok().map(|at| &self.entries[at])
    }
}

/// By name, by VNI and UID, and by what they have.
#[derive(Debug)]
pub(super) struct Slices<E> {
    slices: Slab<Held<E>>,
    names: HashMap<Arc<str>, u32>,
    vnis: HashMap<Vni, BTreeMap<Arc<str>, BTreeSet<u32>>>,
    index: Index,
}

impl<E> Default for Slices<E> {
    fn default() -> Self {
        Self {
            slices: Slab::default(),
            names: HashMap::new(),
            vnis: HashMap::new(),
            index: Index::default(),
        }
    }
}

impl<E: Entry> Slices<E> {
    pub(super) fn id(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied()
    }

    pub(super) fn get(&self, id: u32) -> Option<&Held<E>> {
        self.slices.get(id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Held<E>> {
        self.slices.values()
    }

    /// How many UIDs have slices of a VNI.
    pub(super) fn uids(&self, vni: Vni) -> usize {
        self.vnis.get(&vni).map_or(0, BTreeMap::len)
    }

    /// The one UID that has slices of a VNI.
    pub(super) fn only_uid(&self, vni: Vni) -> Option<&str> {
        let uids = self.vnis.get(&vni)?;
        let mut uids = uids.keys();
        let first = uids.next()?;
        uids.next().is_none().then_some(first)
    }

    /// How many slices a UID has of a VNI.
    pub(super) fn count(&self, vni: Vni, uid: &str) -> usize {
        let uids = self.vnis.get(&vni);
        let slices = uids.and_then(|uids| uids.get(uid));
        slices.map_or(0, BTreeSet::len)
    }

    /// Slices of a VNI, of whatever UID.
    pub(super) fn of(&self, vni: Vni) -> impl Iterator<Item = &Held<E>> {
        let uids = self.vnis.get(&vni).into_iter().flatten();
        let ids = uids.flat_map(|(_, ids)| ids);
        ids.filter_map(|id| self.get(*id))
    }

    /// Slices and their entries for a prefix of a VNI.
    pub(super) fn holders(&self, vni: Vni, prefix: IpNet) -> impl Iterator<Item = (&Held<E>, &E)> {
        let ids = self.index.candidates(vni, prefix);
        let slices = ids.filter_map(|id| self.get(id));
        slices
            .filter(move |held| held.vni == vni)
            .filter_map(move |held| Some((held, held.get(prefix)?)))
    }

    /// Whether only one slice can have entries for the prefix.
    pub(super) fn is_single(&self, vni: Vni, prefix: IpNet) -> bool {
        self.index.candidates(vni, prefix).nth(1).is_none()
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<Held<E>> {
        let held = self.slices.remove(id)?;
        self.slices.recycle();
        self.names.remove(&held.name);
        for entry in &held.entries {
            self.index.remove(held.vni, entry.prefix(), id);
        }
        if let Some(uids) = self.vnis.get_mut(&held.vni) {
            if let Some(ids) = uids.get_mut(&held.uid) {
                ids.remove(&id);
                if ids.is_empty() {
                    uids.remove(&held.uid);
                }
            }
            if uids.is_empty() {
                self.vnis.remove(&held.vni);
            }
        }
        Some(held)
    }

    /// Puts a slice into the place of the one that had its name.
    pub(super) fn put(&mut self, mut new: Held<E>) -> Option<u32> {
        let same = self.id(&new.name).filter(|id| {
            let old = self.get(*id);
            old.is_some_and(|old| old.vni == new.vni && old.uid == new.uid)
        });
        let id = match same {
            Some(id) => {
                let old = self.slices.get_mut(id)?;
                new.uid = old.uid.clone();
                let old = std::mem::replace(old, new);
                let new = self.slices.get(id)?;
                for entry in &old.entries {
                    if new.get(entry.prefix()).is_none() {
                        self.index.remove(old.vni, entry.prefix(), id);
                    }
                }
                id
            }
            None => {
                if let Some(id) = self.id(&new.name) {
                    self.remove(id);
                }
                let (name, vni, uid) = (new.name.clone(), new.vni, new.uid.clone());
                let id = self.slices.insert(new)?;
                self.names.insert(name, id);
                let uids = self.vnis.entry(vni).or_default();
                uids.entry(uid).or_default().insert(id);
                id
            }
        };
        let new = self.slices.get(id)?;
        for entry in &new.entries {
            self.index.insert(new.vni, entry.prefix(), id);
        }
        Some(id)
    }
}
