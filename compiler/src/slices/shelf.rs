//! All slices of one kind: which entries are in which, what of them is known to
//! be written, and what is not.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;

use isthmus_crds::MAX_SLICE_ENTRIES;

use super::held::{Errand, Flight, Held};
use super::row::{Merge, Row};
use crate::entries::ObjectName;
use crate::rank::Name;
use crate::slab::Slab;

/// A slice, its entries as keys that the compiler resolves.
#[derive(Debug)]
pub(super) struct Slice<K> {
    pub(super) name: Arc<str>,
    /// `None` of a slice that nothing explains: it is to be deleted.
    pub(super) vpc: Option<Name>,
    ordinal: u32,
    /// In order.
    pub(super) keys: Vec<K>,
    pub(super) errand: Errand<K>,
    pub(super) held: Held,
    pub(super) flight: Option<Flight<K>>,
}

#[derive(Debug)]
pub(super) struct Shelf<K> {
    pub(super) slices: Slab<Slice<K>>,
    names: HashMap<Arc<str>, u32>,
    rows: HashMap<Name, Row>,
    /// Slices that may differ from what is held.
    pub(super) dirty: BTreeSet<u32>,
    /// VPCs whose slices may have become more than they need.
    resized: HashSet<Name>,
    /// Slices that another was merged into, and that are written.
    confirmed: BTreeSet<u32>,
    /// Entries that a slice is filled to.
    limit: usize,
}

impl<K: Copy + Ord + Debug> Shelf<K> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            slices: Slab::default(),
            names: HashMap::new(),
            rows: HashMap::new(),
            dirty: BTreeSet::new(),
            resized: HashSet::new(),
            confirmed: BTreeSet::new(),
            limit: limit.clamp(1, MAX_SLICE_ENTRIES),
        }
    }

    /// Makes place for a VPC.
    pub(super) fn open(&mut self, vpc: &Name, stem: String) {
        self.rows.insert(vpc.clone(), Row::new(stem));
    }

    /// Takes all entries from a VPC's slices, which nothing explains any more.
    pub(super) fn close(&mut self, vpc: &Name) -> BTreeSet<K> {
        let mut keys = BTreeSet::new();
        let Some(row) = self.rows.remove(vpc) else {
            return keys;
        };
        for id in row.slices.into_values() {
            if let Some(slice) = self.slices.get_mut(id) {
                keys.extend(slice.keys.drain(..));
                slice.vpc = None;
                slice.errand = Errand::default();
                self.dirty.insert(id);
            }
        }
        keys
    }

    pub(super) fn id(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied()
    }

    /// Slices of a VPC, by ordinal.
    pub(super) fn of(&self, vpc: &Name) -> impl Iterator<Item = u32> {
        let row = self.rows.get(vpc);
        row.into_iter().flat_map(|row| row.slices.values().copied())
    }

    /// The slice of a VPC that an entry is in, found by looking into each; of
    /// two that are being merged the one that stays.
    pub(super) fn find(&self, vpc: &Name, key: &K) -> Option<u32> {
        let row = self.rows.get(vpc)?;
        let mut ids = row.slices.values().copied();
        ids.find(|id| !row.is_source(*id) && self.has(*id, key))
    }

    fn has(&self, id: u32, key: &K) -> bool {
        let slice = self.slices.get(id);
        slice.is_some_and(|slice| slice.keys.binary_search(key).is_ok())
    }

    /// Puts a new entry into the first hole; gives the slice.
    pub(super) fn place(&mut self, vpc: &Name, key: K) -> Option<u32> {
        let row = self.rows.get(vpc)?;
        let hole = row.roomy.first().and_then(|at| row.slices.get(at)).copied();
        let id = match hole {
            Some(id) => id,
            None => {
                let ordinal = row.free_ordinal();
                let name = format!("{}{ordinal}", row.stem);
                self.put_slice(Some((vpc, ordinal)), &name)?
            }
        };
        self.insert(id, key);
        if let Some(slice) = self.slices.get_mut(id) {
            slice.errand.keys.insert(key);
        }
        Some(id)
    }

    /// Makes a slice, or takes one over that nothing explains.
    pub(super) fn put_slice(&mut self, place: Option<(&Name, u32)>, name: &str) -> Option<u32> {
        let id = match self.names.get(name) {
            Some(id) => *id,
            None => {
                let name: Arc<str> = name.into();
                let id = self.slices.insert(Slice {
                    name: name.clone(),
                    vpc: None,
                    ordinal: 0,
                    keys: Vec::new(),
                    errand: Errand::default(),
                    held: Held::default(),
                    flight: None,
                })?;
                self.names.insert(name, id);
                id
            }
        };
        self.dirty.insert(id);
        if let Some((vpc, ordinal)) = place {
            if let Some(slice) = self.slices.get_mut(id) {
                slice.vpc = Some(vpc.clone());
                slice.ordinal = ordinal;
            }
            if let Some(row) = self.rows.get_mut(vpc) {
                row.slices.insert(ordinal, id);
                row.roomy.insert(ordinal);
            }
        }
        Some(id)
    }

    /// Puts an entry that is in no slice into this one. Nothing where it is
    /// full to the last.
    pub(super) fn insert(&mut self, id: u32, key: K) -> bool {
        let limit = self.limit;
        let Some((slice, row)) = self.slice_and_row(id) else {
            return false;
        };
        let (false, Err(at)) = (
            slice.keys.len() >= MAX_SLICE_ENTRIES,
            slice.keys.binary_search(&key),
        ) else {
            return false;
        };
        slice.keys.insert(at, key);
        row.entries += 1;
        if slice.keys.len() >= limit {
            row.roomy.remove(&slice.ordinal);
        }
        let is_first = slice.keys.len() == 1;
        let vpc = slice.vpc.clone().filter(|_| is_first);
        self.resized.extend(vpc);
        self.dirty.insert(id);
        true
    }

    /// Notes that an entry of a slice says something else now.
    pub(super) fn touch(&mut self, id: u32, key: K) {
        for id in [Some(id), self.source_of(id)].into_iter().flatten() {
            if let Some(slice) = self.slices.get_mut(id)
                && slice.keys.binary_search(&key).is_ok()
            {
                slice.errand.keys.insert(key);
                slice.errand.loses = true;
                self.dirty.insert(id);
            }
        }
    }

    /// Takes an entry from the slice that it is in, which leaves a hole.
    pub(super) fn remove(&mut self, id: u32, key: K) {
        let source = self.source_of(id);
        for part in [Some(id), source].into_iter().flatten() {
            let limit = self.limit;
            let Some((slice, row)) = self.slice_and_row(part) else {
                continue;
            };
            let Ok(at) = slice.keys.binary_search(&key) else {
                continue;
            };
            slice.keys.remove(at);
            slice.errand.keys.insert(key);
            slice.errand.loses = true;
            if part == id {
                row.entries -= 1;
                if slice.keys.len() < limit {
                    row.roomy.insert(slice.ordinal);
                }
            }
            let vpc = slice.vpc.clone();
            self.resized.extend(vpc);
            self.dirty.insert(part);
        }
    }

    /// Notes that a slice's labels are others, and which peerings need them.
    pub(super) fn relabel(&mut self, vpc: &Name, peerings: &BTreeSet<ObjectName>) {
        let ids: Vec<u32> = self.of(vpc).collect();
        for id in ids {
            if let Some(slice) = self.slices.get_mut(id) {
                slice.errand.peerings.extend(peerings.iter().cloned());
                self.dirty.insert(id);
            }
        }
    }

    /// Ends merges, and begins one in each VPC that has more than twice the
    /// slices that it needs. Gives the entries that have another slice now.
    pub(super) fn merge(&mut self) -> Vec<(K, u32)> {
        for target in std::mem::take(&mut self.confirmed) {
            // What changed since it was written may be in the source only.
            if !self.dirty.contains(&target) {
                self.finish_merge(target);
            }
        }
        let mut moved = Vec::new();
        let mut later = HashSet::new();
        for vpc in std::mem::take(&mut self.resized) {
            let Some(row) = self.rows.get(&vpc) else {
                continue;
            };
            let mut filled: Vec<(usize, u32)> = (row.slices.values())
                .filter_map(|id| Some((self.slices.get(*id)?.keys.len(), *id)))
                .filter(|(len, _)| *len > 0)
                .collect();
            let needed = row.entries.div_ceil(self.limit);
            if filled.len() <= 2 * needed {
                continue;
            }
            filled.sort_unstable();
            let smallest = [filled[0].1, filled[1].1];
            let is_busy = |id: &u32| self.slices.get(*id).is_none_or(|s| s.flight.is_some());
            if row.merge.is_some() || smallest.iter().any(is_busy) {
                later.insert(vpc);
                continue;
            }
            let [source, target] = smallest;
            moved.extend(self.start_merge(&vpc, Merge { source, target }));
        }
        self.resized.extend(later);
        moved
    }

    fn start_merge(&mut self, vpc: &Name, merge: Merge) -> Vec<(K, u32)> {
        let Some(source) = self.slices.get_mut(merge.source) else {
            return Vec::new();
        };
        let (keys, ordinal) = (source.keys.clone(), source.ordinal);
        // What the source was to carry, the target carries too.
        let carried = source.errand.keys.clone();
        let peerings = source.errand.peerings.clone();
        let Some(target) = self.slices.get_mut(merge.target) else {
            return Vec::new();
        };
        target.keys.extend(keys.iter().copied());
        target.keys.sort_unstable();
        target.errand.keys.extend(carried);
        target.errand.peerings.extend(peerings);
        let (target_ordinal, is_full) = (target.ordinal, target.keys.len() >= self.limit);
        self.dirty.insert(merge.target);
        if let Some(row) = self.rows.get_mut(vpc) {
            row.merge = Some(merge);
            row.roomy.remove(&ordinal);
            if is_full {
                row.roomy.remove(&target_ordinal);
            }
        }
        keys.into_iter().map(|key| (key, merge.target)).collect()
    }

    /// What a slice was merged from is needed no more: the slice is written.
    pub(super) fn finish_merge(&mut self, target: u32) {
        let Some(source) = self.source_of(target) else {
            return;
        };
        if let Some((_, row)) = self.slice_and_row(target) {
            row.merge = None;
        }
        if let Some(slice) = self.slices.get_mut(source) {
            slice.keys.clear();
            slice.errand = Errand::default();
            self.resized.extend(slice.vpc.clone());
        }
        self.dirty.insert(source);
    }

    fn source_of(&self, target: u32) -> Option<u32> {
        let vpc = self.slices.get(target)?.vpc.as_ref()?;
        self.rows.get(vpc)?.merge_into(target)
    }

    fn slice_and_row(&mut self, id: u32) -> Option<(&mut Slice<K>, &mut Row)> {
        let slice = self.slices.get_mut(id)?;
        let row = self.rows.get_mut(slice.vpc.as_ref()?)?;
        Some((slice, row))
    }

    /// Takes in what the API server was seen to hold; the newest counts.
    pub(super) fn saw(&mut self, id: u32, held: Held) {
        let Some(slice) = self.slices.get_mut(id) else {
            return;
        };
        if held.resource_version > slice.held.resource_version {
            if held.fingerprint != slice.held.fingerprint {
                self.dirty.insert(id);
            }
            slice.held = held;
        }
    }

    /// Has what is seen next count, whatever its version.
    pub(super) fn doubt(&mut self, id: u32) {
        if let Some(slice) = self.slices.get_mut(id) {
            slice.held.resource_version = 0;
        }
    }

    /// Takes in that a slice is not there: as of a version, or now.
    pub(super) fn missed(&mut self, id: u32, resource_version: Option<u64>) {
        let Some(slice) = self.slices.get_mut(id) else {
            return;
        };
        let known = slice.held.resource_version;
        if resource_version.is_none_or(|version| version > known) {
            if slice.held.fingerprint.is_some() {
                self.dirty.insert(id);
            }
            slice.held = Held {
                resource_version: resource_version.unwrap_or(known),
                fingerprint: None,
            };
        }
    }

    /// Names of the slices that are believed to be there.
    pub(super) fn known(&self) -> impl Iterator<Item = Arc<str>> {
        let slices = self.slices.values();
        let known = slices.filter(|slice| slice.held.fingerprint.is_some());
        known.map(|slice| slice.name.clone())
    }

    /// A write succeeded; `None` of a deletion.
    pub(super) fn landed(&mut self, id: u32, resource_version: Option<u64>) {
        let Some(slice) = self.slices.get_mut(id) else {
            return;
        };
        let Some(flight) = slice.flight.take() else {
            return;
        };
        let (base, fingerprint) = (flight.base, flight.fingerprint);
        let is_newest = match resource_version {
            Some(version) => version >= slice.held.resource_version,
            None => slice.held.resource_version == base,
        };
        if !is_newest {
            // Somebody else wrote after it.
            self.dirty.insert(id);
            return;
        }
        slice.held = Held {
            resource_version: resource_version.unwrap_or(base),
            fingerprint,
        };
        if resource_version.is_some() && self.source_of(id).is_some() {
            self.confirmed.insert(id);
        }
        self.drop_if_gone(id);
    }

    /// A write failed, or nobody knows: it is to be done again.
    pub(super) fn failed(&mut self, id: u32) {
        if let Some(slice) = self.slices.get_mut(id)
            && let Some(flight) = slice.flight.take()
        {
            slice.errand.add(flight.errand);
            self.dirty.insert(id);
        }
    }

    /// Forgets a slice that has no entries and is not there. Whether it did.
    pub(super) fn drop_if_gone(&mut self, id: u32) -> bool {
        let Some(slice) = self.slices.get(id) else {
            return false;
        };
        let is_gone = slice.held.fingerprint.is_none() && slice.flight.is_none();
        if !is_gone || !slice.keys.is_empty() {
            return false;
        }
        let (name, ordinal) = (slice.name.clone(), slice.ordinal);
        if let Some((_, row)) = self.slice_and_row(id)
            && row.slices.get(&ordinal) == Some(&id)
        {
            row.slices.remove(&ordinal);
            row.roomy.remove(&ordinal);
            let is_part = |merge: &Merge| merge.source == id || merge.target == id;
            if row.merge.as_ref().is_some_and(is_part) {
                row.merge = None;
            }
        }
        self.names.remove(&name);
        self.dirty.remove(&id);
        self.confirmed.remove(&id);
        self.slices.remove(id);
        self.slices.recycle();
        true
    }
}
