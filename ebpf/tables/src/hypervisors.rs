//! Hypervisors: which index is whose. Writer's side.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};

use isthmus_abi::{HypervisorEntry, MAX_PORTS};

/// Words of an entry: VTEP address, then next hops.
pub(crate) const WORDS: usize = size_of::<HypervisorEntry>() / size_of::<u64>();
const VTEP_WORDS: usize = WORDS - MAX_PORTS;

/// Indices in use, free, and waiting for a grace period.
#[derive(Debug, Default)]
pub(crate) struct Hypervisors {
    by_vtep: HashMap<[u64; 2], u16>,
    free: Vec<u16>,
    retired: Vec<u16>,
}

impl Hypervisors {
    /// Reads the table. Of several entries with one address the lowest counts;
    /// the others come in the second value, for the caller to retire.
    pub(crate) fn take_over(words: &[AtomicU64]) -> (Self, Vec<u16>) {
        let mut hypervisors = Self::default();
        let mut doubles = Vec::new();
        // The lowest index is to be used first.
        for index in (1..=u16::MAX).rev() {
            let vtep = vtep(words, index);
            if vtep == [0, 0] {
                hypervisors.free.push(index);
            } else {
                doubles.extend(hypervisors.by_vtep.insert(vtep, index));
            }
        }
        (hypervisors, doubles)
    }

    pub(crate) fn used(&self) -> u64 {
        self.by_vtep.len() as u64
    }

    pub(crate) fn is_pending(&self) -> bool {
        !self.retired.is_empty()
    }

    pub(crate) fn by_vtep(&self) -> &HashMap<[u64; 2], u16> {
        &self.by_vtep
    }

    pub(crate) fn index(&self, vtep: IpAddr) -> Option<u16> {
        self.by_vtep.get(&to_words(vtep)).copied()
    }

    /// Index of a hypervisor, a new one where it has none; `None` where all
    /// are taken or the address is none.
    pub(crate) fn add(&mut self, words: &[AtomicU64], vtep: IpAddr) -> Option<u16> {
        if let Some(index) = self.index(vtep) {
            return Some(index);
        }
        let address = to_words(vtep);
        if address == [0, 0] {
            return None;
        }
        let index = self.free.pop()?;
        let entry = entry(words, index);
        // No member has this index: readers do not come here yet.
        for word in &entry[VTEP_WORDS..] {
            word.store(0, Ordering::Release);
        }
        entry[0].store(address[0], Ordering::Release);
        entry[1].store(address[1], Ordering::Release);
        self.by_vtep.insert(address, index);
        Some(index)
    }

    pub(crate) fn remove(&mut self, vtep: IpAddr) -> bool {
        let removed = self.by_vtep.remove(&to_words(vtep));
        self.retired.extend(removed);
        removed.is_some()
    }

    /// Gives back an index that is no hypervisor's any more.
    pub(crate) fn retire(&mut self, index: u16) {
        self.retired.push(index);
    }

    /// After a grace period: nobody holds the index of what was removed.
    pub(crate) fn step(&mut self, words: &[AtomicU64]) {
        for index in self.retired.drain(..) {
            for word in entry(words, index) {
                word.store(0, Ordering::Release);
            }
            self.free.push(index);
        }
    }
}

pub(crate) fn entry(words: &[AtomicU64], index: u16) -> &[AtomicU64] {
    &words[usize::from(index) * WORDS..(usize::from(index) + 1) * WORDS]
}

pub(crate) fn store_next_hop(words: &[AtomicU64], index: u16, port: usize, mac: u64) {
    entry(words, index)[VTEP_WORDS + port].store(mac, Ordering::Release);
}

pub(crate) fn vtep(words: &[AtomicU64], index: u16) -> [u64; 2] {
    let entry = entry(words, index);
    [
        entry[0].load(Ordering::Acquire),
        entry[1].load(Ordering::Acquire),
    ]
}

pub(crate) fn next_hops(words: &[AtomicU64], index: u16) -> [u64; MAX_PORTS] {
    let entry = entry(words, index);
    std::array::from_fn(|port| entry[VTEP_WORDS + port].load(Ordering::Acquire))
}

pub(crate) fn to_words(vtep: IpAddr) -> [u64; 2] {
    match vtep {
        IpAddr::V4(address) => HypervisorEntry::mapped(address.to_bits()),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [(bits >> 64) as u64, bits as u64]
        }
    }
}

pub(crate) fn from_words([high, low]: [u64; 2]) -> IpAddr {
    let address = Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low));
    address
        .to_ipv4_mapped()
        .map_or(IpAddr::V6(address), IpAddr::V4)
}
