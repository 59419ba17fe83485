//! The slices of one kind that a VPC has.

use std::collections::{BTreeMap, BTreeSet};

/// The slices of a VPC, by ordinal, as numbers of the shelf.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) stem: String,
    pub(super) slices: BTreeMap<u32, u32>,
    /// Ordinals of the slices that new entries may go to.
    pub(super) roomy: BTreeSet<u32>,
    /// Number of entries, those of a merge counted once.
    pub(super) entries: usize,
    pub(super) merge: Option<Merge>,
}

/// Two slices that become one. The entries of the source are in both until the
/// target is known to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Merge {
    pub(super) source: u32,
    pub(super) target: u32,
}

impl Row {
    pub(super) fn new(stem: String) -> Self {
        Self {
            stem,
            slices: BTreeMap::new(),
            roomy: BTreeSet::new(),
            entries: 0,
            merge: None,
        }
    }

    /// The smallest ordinal that no slice has.
    pub(super) fn free_ordinal(&self) -> u32 {
        let taken = (0..).zip(self.slices.keys());
        let gap = taken.into_iter().find(|(i, taken)| i != *taken);
        gap.map_or_else(
            || u32::try_from(self.slices.len()).unwrap_or(u32::MAX),
            |(i, _)| i,
        )
    }

    /// The slice that another one is merged into.
    pub(super) fn merge_into(&self, target: u32) -> Option<u32> {
        let merge = self.merge.filter(|merge| merge.target == target);
        merge.map(|merge| merge.source)
    }

    pub(super) fn is_source(&self, slice: u32) -> bool {
        self.merge.is_some_and(|merge| merge.source == slice)
    }
}
