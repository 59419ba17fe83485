//! Room for route blocks: first fit, neighbours coalesced. Pure.

use std::collections::{BTreeMap, HashMap};

/// Lines of `ROUTES` that are free, in use, or waiting for a grace period.
#[derive(Debug)]
pub(crate) struct Allocator {
    /// First line of each gap, and its length.
    free: BTreeMap<u32, u32>,
    /// First line of each block, and its length; retired ones included.
    blocks: HashMap<u32, u32>,
    /// Blocks that readers may still look at.
    retired: Vec<u32>,
    used: u64,
}

impl Allocator {
    /// All of `lines` lines free.
    pub(crate) fn new(lines: u32) -> Self {
        Self {
            free: BTreeMap::from([(0, lines)]),
            blocks: HashMap::new(),
            retired: Vec::new(),
            used: 0,
        }
    }

    /// Lines in blocks.
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// Whether a block waits for a grace period.
    pub(crate) fn is_pending(&self) -> bool {
        !self.retired.is_empty()
    }

    /// First line of a new block.
    pub(crate) fn allocate(&mut self, lines: u32) -> Option<u32> {
        let (&start, &length) = self.free.iter().find(|(_, length)| **length >= lines)?;
        self.take(start, start, length, lines);
        Some(start)
    }

    /// Takes the block that an existing table has at `start`; `false` where
    /// that is not free.
    pub(crate) fn claim(&mut self, start: u32, lines: u32) -> bool {
        let Some((&gap, &length)) = self.free.range(..=start).next_back() else {
            return false;
        };
        let fits =
            lines > 0 && u64::from(start) + u64::from(lines) <= u64::from(gap) + u64::from(length);
        if fits {
            self.take(gap, start, length, lines);
        }
        fits
    }

    /// Gives a block back: after a grace period where readers may look at it.
    pub(crate) fn retire(&mut self, start: u32, read: bool) {
        if read {
            self.retired.push(start);
        } else {
            self.release(start);
        }
    }

    /// After a grace period.
    pub(crate) fn step(&mut self) {
        for start in std::mem::take(&mut self.retired) {
            self.release(start);
        }
    }

    fn take(&mut self, gap: u32, start: u32, length: u32, lines: u32) {
        self.free.remove(&gap);
        if start > gap {
            self.free.insert(gap, start - gap);
        }
        let (end, gap_end) = (start + lines, gap + length);
        if end < gap_end {
            self.free.insert(end, gap_end - end);
        }
        self.blocks.insert(start, lines);
        self.used += u64::from(lines);
    }

    fn release(&mut self, start: u32) {
        let Some(lines) = self.blocks.remove(&start) else {
            return;
        };
        self.used -= u64::from(lines);
        let (mut start, mut lines) = (start, lines);
        if let Some(after) = self.free.remove(&(start + lines)) {
            lines += after;
        }
        if let Some((&before, &length)) = self.free.range(..start).next_back()
            && before + length == start
        {
            start = before;
            lines += length;
        }
        self.free.insert(start, lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINES: u32 = 64;

    proptest! {
        #[test]
        fn blocks_never_overlap_and_gaps_are_one(
            operations in proptest::collection::vec((0u32..9, any::<prop::sample::Index>()), 0..200),
        ) {
            let mut allocator = Allocator::new(LINES);
            let mut blocks: Vec<(u32, u32)> = Vec::new();
            for (lines, which) in operations {
                if lines == 0 {
                    if !blocks.is_empty() {
                        let (start, _) = blocks.swap_remove(which.index(blocks.len()));
                        allocator.retire(start, false);
                    }
                } else if let Some(start) = allocator.allocate(lines) {
                    blocks.push((start, lines));
                }
                let mut owner = vec![0; LINES as usize];
                for &(start, lines) in &blocks {
                    owner[start as usize..(start + lines) as usize].iter_mut().for_each(|n| *n += 1);
                }
                prop_assert!(owner.iter().all(|owners| *owners <= 1));
                let free: u32 = owner.iter().filter(|owners| **owners == 0).count() as u32;
                prop_assert_eq!(u64::from(LINES - free), allocator.used());
                let mut end = None;
                for (&start, &length) in &allocator.free {
                    prop_assert!(end != Some(start), "two gaps touch");
                    prop_assert!(owner[start as usize..(start + length) as usize].iter().all(|n| *n == 0));
                    end = Some(start + length);
                }
            }
            for (start, _) in blocks {
                allocator.retire(start, false);
            }
            prop_assert_eq!(&allocator.free, &BTreeMap::from([(0, LINES)]));
        }
    }

    #[test]
    fn a_retired_block_is_free_after_a_step_only() {
        let mut allocator = Allocator::new(2);
        let block = allocator.allocate(2).expect("all is free");
        allocator.retire(block, true);
        assert_eq!(allocator.allocate(1), None);
        allocator.step();
        assert_eq!(allocator.allocate(1), Some(0));
    }

    #[test]
    fn claimed_blocks_may_not_overlap() {
        let mut allocator = Allocator::new(8);
        assert!(allocator.claim(2, 3));
        assert!(!allocator.claim(4, 1));
        assert!(!allocator.claim(0, 3));
        assert!(!allocator.claim(7, 2));
        assert!(!allocator.claim(6, 0));
        assert!(allocator.claim(5, 3));
        assert_eq!(allocator.allocate(2), Some(0));
        assert_eq!(allocator.allocate(1), None);
    }
}
