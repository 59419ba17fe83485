//! The peering map: for each VPC a block of disjoint, sorted address ranges.
//!
//! A block starts on a line: [`RouteHeader`], then `ranges_v4` times
//! [`RangeV4`], then `ranges_v6` times [`RangeV6`]. It never changes once a
//! [`crate::VpcWord`] points at it: a VPC's new routes are a new block. User
//! space flattens prefixes to ranges, so that a binary search finds the
//! longest prefix.

/// Most ranges of one family in a block.
pub const MAX_RANGES: u32 = 1 << (RANGE_SEARCH_STEPS - 1);

/// Steps of a binary search that decide among [`MAX_RANGES`] ranges.
pub const RANGE_SEARCH_STEPS: u32 = 13;

/// Lines at the end of `ROUTES` in which no block starts, so that an offset
/// into a block of any length stays inside the map.
pub const ROUTE_SLACK_LINES: u32 = (MAX_RANGES
    * (size_of::<RangeV4>() + size_of::<RangeV6>()) as u32
    + size_of::<RouteHeader>() as u32)
    .div_ceil(crate::LINE as u32);

/// First 16 bytes of a block.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteHeader {
    /// The VPC whose routes these are.
    pub vni: u32,
    /// Length of the block in lines.
    pub lines: u32,
    /// Number of IPv4 ranges, at most [`MAX_RANGES`].
    pub ranges_v4: u32,
    /// Number of IPv6 ranges, at most [`MAX_RANGES`].
    pub ranges_v6: u32,
}

/// Destinations `first..=last` belong to the VPC `peer_vni`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RangeV4 {
    /// First address.
    pub first: u32,
    /// Last address.
    pub last: u32,
    /// The peer's VNI.
    pub peer_vni: u32,
    /// Index into `PEERINGS`.
    pub counter: u32,
}

/// As [`RangeV4`], addresses as high and low halves.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RangeV6 {
    /// First address.
    pub first: [u64; 2],
    /// Last address.
    pub last: [u64; 2],
    /// The peer's VNI.
    pub peer_vni: u32,
    /// Index into `PEERINGS`.
    pub counter: u32,
    /// Zero.
    pub reserved: u64,
}

/// Bytes for a peering's `namespace/name` (63 + 1 + 253, rounded up).
pub const PEERING_NAME_LEN: usize = 320;

/// What one index of `PEERINGS` counts: packets of one direction.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeeringLabel {
    /// VPC the packets come from; 0 where the index is free.
    pub vni: u32,
    /// VPC the packets go to.
    pub peer_vni: u32,
    /// `namespace/name` of the peering, UTF-8, padded with zeros.
    pub name: [u8; PEERING_NAME_LEN],
}

const _: () = assert!(
    size_of::<RouteHeader>() == 16 && size_of::<RangeV4>() == 16 && size_of::<RangeV6>() == 48
);
const _: () = assert!(size_of::<PeeringLabel>() == 328);
