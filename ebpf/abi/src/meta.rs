//! What a set of pinned maps says of itself.

use crate::HashKey;

/// First word of [`Meta`]: ASCII `isthmus\0`.
pub const META_MAGIC: u64 = u64::from_be_bytes(*b"isthmus\0");

/// Raised by every change to the types of this crate, to the hash, or to the
/// meaning of an entry. Maps of another version are never used.
pub const LAYOUT_VERSION: u32 = 2;

/// Sizes of the tables, fixed when they are made.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacities {
    /// Lines of `MEMBERS_V4`, four members each.
    pub member_lines_v4: u32,
    /// Lines of `MEMBERS_V6`, two members each.
    pub member_lines_v6: u32,
    /// Lines of `VPCS`, eight VPCs each.
    pub vpc_lines: u32,
    /// Lines of `ROUTES` in which a block may lie; [`crate::ROUTE_SLACK_LINES`]
    /// more follow them.
    pub route_lines: u32,
    /// Entries of `PREFIXES_V4`.
    pub prefixes_v4: u32,
    /// Entries of `PREFIXES_V6`.
    pub prefixes_v6: u32,
    /// Entries of `PEERINGS` and `LABELS`: directions of peerings.
    pub peerings: u32,
    /// Zero.
    pub reserved: u32,
}

/// The one value of `META`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// [`META_MAGIC`].
    pub magic: u64,
    /// [`LAYOUT_VERSION`] of whoever made the maps.
    pub layout: u32,
    /// Zero.
    pub reserved: u32,
    /// Key of the tables' hash.
    pub hash: HashKey,
    /// Sizes of the tables.
    pub capacities: Capacities,
}

const _: () = assert!(size_of::<Meta>() == 72);
