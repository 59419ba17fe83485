//! The tables in the layout of `isthmus_abi`, over whatever memory holds them.

use isthmus_abi::{LINE, Liveness, MAX_RANGES, MemberEntryV4, MemberWord, VpcWord};

use crate::search::{at_most, last_start, less};
use crate::select;
use crate::settings::Settings;
use crate::tables::{Hypervisor, Route, Tables};

/// The memory of the tables. Indices are below the capacities of the settings;
/// what is not there reads as zero, which every entry takes for absent.
pub trait Memory {
    /// A route block.
    type Block: Block;

    /// A line of `VPCS`.
    fn vpcs(&self, line: u32) -> [u64; LINE / 8];
    /// A line of `MEMBERS_V4`.
    fn members_v4(&self, line: u32) -> [u64; LINE / 8];
    /// A line of `MEMBERS_V6`.
    fn members_v6(&self, line: u32) -> [u64; LINE / 8];
    /// The route block that starts at a line of `ROUTES`.
    fn block(&self, line: u32) -> Option<Self::Block>;
    /// The longest member prefix around the address in `PREFIXES_V4`, else 0.
    fn prefix_v4(&self, vni: u32, address: u32) -> MemberWord;
    /// As [`Memory::prefix_v4`], in `PREFIXES_V6`.
    fn prefix_v6(&self, vni: u32, address: [u64; 2]) -> MemberWord;
    /// An entry of `HYPERVISORS`; `port` is below `MAX_PORTS`.
    fn hypervisor(&self, index: u16, port: u32) -> Hypervisor;
    /// Whether `VTEPS` has an address.
    fn is_hypervisor(&self, vtep: [u64; 2]) -> bool;
    /// The word of `LIVENESS`.
    fn liveness(&self) -> u64;
}

/// A route block in [`Memory`].
pub trait Block: Copy {
    /// The word at a byte offset, a multiple of 8 and less than what the
    /// longest block has.
    fn word(self, offset: u32) -> u64;
}

/// The [`Tables`] in a [`Memory`], laid out as the settings say.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<M, S>(pub M, pub S);

/// Bytes of a block's header.
const HEADER: u32 = size_of::<isthmus_abi::RouteHeader>() as u32;
/// Bytes of an IPv4 range.
const RANGE_V4: u32 = size_of::<isthmus_abi::RangeV4>() as u32;
/// Bytes of an IPv6 range.
const RANGE_V6: u32 = size_of::<isthmus_abi::RangeV6>() as u32;

impl<M: Memory, S: Settings> Lookup<M, S> {
    /// The block of a VPC's routes.
    #[inline(always)]
    fn block(&self, vni: u32) -> Option<M::Block> {
        let capacities = self.1.capacities();
        let lines = self
            .1
            .hash()
            .lines(VpcWord::hashed(vni), capacities.vpc_lines);
        let mut word = select::vpc(&self.0.vpcs(lines.0), vni);
        if word == 0 {
            word = select::vpc(&self.0.vpcs(lines.1), vni);
        }
        let line = VpcWord(word).line();
        if word == 0 || line >= capacities.route_lines {
            return None;
        }
        self.0.block(line)
    }
}

/// Splits a word into the two 32-bit fields that lie in it.
#[inline(always)]
const fn fields(word: u64) -> (u32, u32) {
    if cfg!(target_endian = "little") {
        (word as u32, (word >> 32) as u32)
    } else {
        ((word >> 32) as u32, word as u32)
    }
}

impl<M: Memory, S: Settings> Tables for Lookup<M, S> {
    #[inline(always)]
    fn route_v4(&self, vni: u32, destination: u32) -> Option<Route> {
        let block = self.block(vni)?;
        let (count, _) = fields(block.word(8));
        if count == 0 || count > MAX_RANGES {
            return None;
        }
        let index = last_start(count, |index| {
            let (first, _) = fields(block.word(HEADER + index * RANGE_V4));
            less(destination as u64, first as u64) ^ 1
        });
        let at = HEADER + index * RANGE_V4;
        let (first, last) = fields(block.word(at));
        let (peer_vni, peering) = fields(block.word(at + 8));
        (first <= destination && destination <= last).then_some(Route { peer_vni, peering })
    }

    #[inline(always)]
    fn route_v6(&self, vni: u32, destination: [u64; 2]) -> Option<Route> {
        let block = self.block(vni)?;
        let (before, count) = fields(block.word(8));
        if count == 0 || count > MAX_RANGES || before > MAX_RANGES {
            return None;
        }
        let ranges = HEADER + before * RANGE_V4;
        let index = last_start(count, |index| {
            let at = ranges + index * RANGE_V6;
            at_most([block.word(at), block.word(at + 8)], destination)
        });
        let at = ranges + index * RANGE_V6;
        let first = [block.word(at), block.word(at + 8)];
        let last = [block.word(at + 16), block.word(at + 24)];
        let (peer_vni, peering) = fields(block.word(at + 32));
        (at_most(first, destination) & at_most(destination, last) == 1)
            .then_some(Route { peer_vni, peering })
    }

    #[inline(always)]
    fn member_v4(&self, vni: u32, address: u32) -> MemberWord {
        let key = MemberEntryV4::key(vni, address);
        let lines = self
            .1
            .hash()
            .lines(key, self.1.capacities().member_lines_v4);
        let mut value = select::member_v4(&self.0.members_v4(lines.0), key);
        if value == 0 {
            value = select::member_v4(&self.0.members_v4(lines.1), key);
            if value == 0 {
                return self.0.prefix_v4(vni, address);
            }
        }
        MemberWord(value)
    }

    #[inline(always)]
    fn member_v6(&self, vni: u32, address: [u64; 2]) -> MemberWord {
        let [high, low] = address;
        let lines = self
            .1
            .hash()
            .lines_v6(vni, high, low, self.1.capacities().member_lines_v6);
        let mut value = select::member_v6(&self.0.members_v6(lines.0), vni, address);
        if value == 0 {
            value = select::member_v6(&self.0.members_v6(lines.1), vni, address);
            if value == 0 {
                return self.0.prefix_v6(vni, address);
            }
        }
        MemberWord(value)
    }

    #[inline(always)]
    fn hypervisor(&self, index: u16, port: u32) -> Hypervisor {
        self.0.hypervisor(index, port)
    }

    #[inline(always)]
    fn is_hypervisor(&self, vtep: [u64; 2]) -> bool {
        self.0.is_hypervisor(vtep)
    }

    #[inline(always)]
    fn liveness(&self) -> Liveness {
        Liveness::from_word(self.0.liveness())
    }
}
