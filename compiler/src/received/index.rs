//! Which slices have an entry for a prefix.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

use ipnet::IpNet;
use isthmus_crds::Vni;

/// Slices by half a hash of VNI and prefix: eight bytes an entry, and now and
/// then a slice that does not have it.
#[derive(Debug, Default)]
pub(super) struct Index {
    hasher: RandomState,
    slices: BTreeSet<(u32, u32)>,
}

impl Index {
    pub(super) fn insert(&mut self, vni: Vni, prefix: IpNet, slice: u32) {
        let hash = self.hash(vni, prefix);
        self.slices.insert((hash, slice));
    }

    /// Takes another prefix of the slice that has the same hash with it: what
    /// the slice has then is to be inserted again.
    pub(super) fn remove(&mut self, vni: Vni, prefix: IpNet, slice: u32) {
        let hash = self.hash(vni, prefix);
        self.slices.remove(&(hash, slice));
    }

    pub(super) fn candidates(&self, vni: Vni, prefix: IpNet) -> impl Iterator<Item = u32> {
        let hash = self.hash(vni, prefix);
        let slices = self.slices.range((hash, 0)..=(hash, u32::MAX));
        slices.map(|(_, slice)| *slice)
    }

    fn hash(&self, vni: Vni, prefix: IpNet) -> u32 {
        let hash = self.hasher.hash_one((vni, prefix));
        u32::try_from(hash >> 32).unwrap_or_default()
    }
}
