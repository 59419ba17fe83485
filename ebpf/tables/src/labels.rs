//! Labels of peering counters: which index counts what. Writer's side.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use isthmus_abi::{PEERING_NAME_LEN, PeeringLabel};

use crate::routes::{pair, unpair};

/// Words of a label: both VNIs in the first, then the name.
const WORDS: usize = size_of::<PeeringLabel>() / size_of::<u64>();

/// One direction of a peering.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    /// VPC the packets come from.
    pub vni: u32,
    /// VPC the packets go to.
    pub peer_vni: u32,
    /// `namespace/name` of the peering.
    pub name: String,
}

/// Indices in use, free, and waiting for a grace period.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    by_label: HashMap<Label, u32>,
    free: BTreeSet<u32>,
    retired: Vec<u32>,
}

impl Labels {
    /// Reads the table. The second of two equal labels is removed, and what is
    /// no text: how many, in the second value.
    pub(crate) fn take_over(words: &[AtomicU64], count: u32) -> (Self, u64) {
        let mut labels = Self::default();
        let mut removed = 0;
        for index in 0..count {
            let known = read(words, index).filter(|label| !labels.by_label.contains_key(label));
            match known {
                Some(label) => {
                    labels.by_label.insert(label, index);
                }
                None => {
                    let before = entry(words, index)[0].swap(0, Ordering::AcqRel);
                    removed += u64::from(before != 0);
                    labels.free.insert(index);
                }
            }
        }
        (labels, removed)
    }

    pub(crate) fn used(&self) -> u64 {
        self.by_label.len() as u64
    }

    pub(crate) fn is_pending(&self) -> bool {
        !self.retired.is_empty()
    }

    pub(crate) fn index(&self, label: &Label) -> Option<u32> {
        self.by_label.get(label).copied()
    }

    pub(crate) fn free_index(&self) -> Option<u32> {
        self.free.first().copied()
    }

    /// Enters a label under a free index.
    pub(crate) fn add(&mut self, words: &[AtomicU64], index: u32, label: &Label) {
        self.free.remove(&index);
        let entry = entry(words, index);
        let mut name = [0; PEERING_NAME_LEN];
        name[..label.name.len()].copy_from_slice(label.name.as_bytes());
        for (word, bytes) in entry[1..].iter().zip(name.as_chunks::<8>().0) {
            word.store(u64::from_ne_bytes(*bytes), Ordering::Release);
        }
        entry[0].store(pair(label.vni, label.peer_vni), Ordering::Release);
        self.by_label.insert(label.clone(), index);
    }

    pub(crate) fn remove(&mut self, words: &[AtomicU64], label: &Label) -> bool {
        let Some(index) = self.by_label.remove(label) else {
            return false;
        };
        entry(words, index)[0].store(0, Ordering::Release);
        self.retired.push(index);
        true
    }

    /// After a grace period: no packet counts under a removed index any more.
    pub(crate) fn step(&mut self) {
        self.free.extend(self.retired.drain(..));
    }
}

fn entry(words: &[AtomicU64], index: u32) -> &[AtomicU64] {
    &words[index as usize * WORDS..(index as usize + 1) * WORDS]
}

/// The label of an index, `None` where it is free or no text.
pub(crate) fn read(words: &[AtomicU64], index: u32) -> Option<Label> {
    let entry = entry(words, index);
    let (vni, peer_vni) = unpair(entry[0].load(Ordering::Acquire));
    if vni == 0 {
        return None;
    }
    let mut name = Vec::with_capacity(PEERING_NAME_LEN);
    for word in &entry[1..] {
        name.extend_from_slice(&word.load(Ordering::Acquire).to_ne_bytes());
    }
    let length = name
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(name.len());
    name.truncate(length);
    Some(Label {
        vni,
        peer_vni,
        name: String::from_utf8(name).ok()?,
    })
}
