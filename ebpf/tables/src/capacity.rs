//! How many entries a table takes, and how large it must be for them. Pure.
//!
//! Two-choice tables are filled to a part of their slots only: at 60 % a line
//! of four has a free slot in one of a key's two lines but for 4 keys in
//! 1,000, and one move makes room for nearly all of those, while most look-ups
//! find their entry in the first line. What lies above is refused by name, so
//! that a full table is noticed before it is slow.

use std::fmt;

use isthmus_abi::{Capacities, MEMBERS_PER_LINE_V4, MEMBERS_PER_LINE_V6, VPCS_PER_LINE, map};

/// Percent of the slots of `MEMBERS_V4` and `MEMBERS_V6` that are filled.
pub const MEMBER_LOAD_PERCENT: u64 = 60;
/// Percent of the slots of `VPCS` that are filled: eight a line spread better.
pub const VPC_LOAD_PERCENT: u64 = 75;

/// A table that can be full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// VPCs that have routes.
    Vpcs,
    /// Lines of route blocks.
    Routes,
    /// IPv4 members.
    MembersV4,
    /// IPv6 members.
    MembersV6,
    /// IPv4 prefixes of members.
    PrefixesV4,
    /// IPv6 prefixes of members.
    PrefixesV6,
    /// Hypervisors.
    Hypervisors,
    /// Peering counters and their labels: directions of peerings.
    Peerings,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 8] = [
        Self::Vpcs,
        Self::Routes,
        Self::MembersV4,
        Self::MembersV6,
        Self::PrefixesV4,
        Self::PrefixesV6,
        Self::Hypervisors,
        Self::Peerings,
    ];

    /// Name of its map.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vpcs => map::VPCS,
            Self::Routes => map::ROUTES,
            Self::MembersV4 => map::MEMBERS_V4,
            Self::MembersV6 => map::MEMBERS_V6,
            Self::PrefixesV4 => map::PREFIXES_V4,
            Self::PrefixesV6 => map::PREFIXES_V6,
            Self::Hypervisors => map::HYPERVISORS,
            Self::Peerings => map::PEERINGS,
        }
    }

    /// Entries that the table takes (lines, of `ROUTES`).
    #[must_use]
    pub fn capacity(self, sizes: &Capacities) -> u64 {
        let filled = |lines: u32, slots: usize, percent: u64| {
            (u64::from(lines) * slots as u64 * percent / 100).max(1)
        };
        match self {
            Self::Vpcs => filled(sizes.vpc_lines, VPCS_PER_LINE, VPC_LOAD_PERCENT),
            Self::Routes => u64::from(sizes.route_lines),
            Self::MembersV4 => filled(
                sizes.member_lines_v4,
                MEMBERS_PER_LINE_V4,
                MEMBER_LOAD_PERCENT,
            ),
            Self::MembersV6 => filled(
                sizes.member_lines_v6,
                MEMBERS_PER_LINE_V6,
                MEMBER_LOAD_PERCENT,
            ),
            Self::PrefixesV4 => u64::from(sizes.prefixes_v4),
            Self::PrefixesV6 => u64::from(sizes.prefixes_v6),
            // Index 0 is no hypervisor.
            Self::Hypervisors => u64::from(isthmus_abi::HYPERVISORS) - 1,
            Self::Peerings => u64::from(sizes.peerings),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Entries in use against entries that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Which table.
    pub table: Table,
    /// Entries in it.
    pub used: u64,
    /// Entries that it takes.
    pub capacity: u64,
}

/// What a gateway should have room for.
///
/// ```
/// use isthmus_tables::{Sizing, Table};
/// let sizes = Sizing { members_v4: 1_000_000, ..Sizing::default() }.capacities();
/// assert!(Table::MembersV4.capacity(&sizes) >= 1_000_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizing {
    /// IPv4 members.
    pub members_v4: u32,
    /// IPv6 members.
    pub members_v6: u32,
    /// VPCs that have peers.
    pub vpcs: u32,
    /// Directions of peerings: two a peering.
    pub peerings: u32,
    /// IPv4 prefixes of members.
    pub prefixes_v4: u32,
    /// IPv6 prefixes of members.
    pub prefixes_v6: u32,
    /// Lines of 64 bytes for route blocks: a block takes 16 bytes, 16 for each
    /// IPv4 range and 48 for each IPv6 range, rounded up to lines. A change
    /// needs room for the old block and the new.
    pub route_lines: u32,
}

impl Default for Sizing {
    /// A gateway for 128Ki members of each family: 18 MiB.
    fn default() -> Self {
        Self {
            members_v4: 1 << 17,
            members_v6: 1 << 17,
            vpcs: 1 << 14,
            peerings: 1 << 14,
            prefixes_v4: 1 << 14,
            prefixes_v6: 1 << 14,
            route_lines: 1 << 17,
        }
    }
}

impl Sizing {
    /// Lines and entries that take this much under the load policy.
    #[must_use]
    pub fn capacities(&self) -> Capacities {
        let lines = |entries: u32, slots: usize, percent: u64| {
            let lines = (u64::from(entries) * 100).div_ceil(slots as u64 * percent);
            u32::try_from(lines).unwrap_or(u32::MAX).max(1)
        };
        Capacities {
            member_lines_v4: lines(self.members_v4, MEMBERS_PER_LINE_V4, MEMBER_LOAD_PERCENT),
            member_lines_v6: lines(self.members_v6, MEMBERS_PER_LINE_V6, MEMBER_LOAD_PERCENT),
            vpc_lines: lines(self.vpcs, VPCS_PER_LINE, VPC_LOAD_PERCENT),
            route_lines: self.route_lines.max(1),
            prefixes_v4: self.prefixes_v4.max(1),
            prefixes_v6: self.prefixes_v6.max(1),
            peerings: self.peerings.max(1),
            reserved: 0,
        }
    }
}
