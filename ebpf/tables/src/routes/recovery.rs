//! Room in a `ROUTES` that another writer filled.

use std::sync::atomic::Ordering;

use isthmus_abi::VpcWord;

use super::{Allocator, Block};
use crate::Tables;

impl Allocator {
    /// What the blocks that VPCs point at leave free, and the VNIs whose word
    /// points at no sound block of theirs.
    pub(crate) fn take_over(tables: &Tables, route_lines: u32) -> (Self, Vec<u32>) {
        let mut allocator = Self::new(route_lines);
        let mut broken = Vec::new();
        for word in tables
            .vpcs
            .iter()
            .map(|word| VpcWord(word.load(Ordering::Acquire)))
        {
            if word.vni() == 0 {
                continue;
            }
            let block = Block::read(word.vni(), &tables.routes, word.line());
            let claimed = block.is_some_and(|block| allocator.claim(word.line(), block.lines()));
            if !claimed {
                broken.push(word.vni());
            }
        }
        (allocator, broken)
    }
}
