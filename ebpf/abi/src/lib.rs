//! What the XDP router and user space share: the layout of the tables, the
//! hash that places their entries, the router's configuration and the names of
//! its outcomes.
//!
//! # Conventions
//!
//! * An address is a number: an IPv4 address a `u32`, an IPv6 address a high
//!   and a low `u64`, as [`core::net::Ipv4Addr::to_bits`] gives them. A MAC is
//!   the low 48 bits of a `u64`, its first byte the most significant.
//! * Nothing shared has implicit padding, a `bool` or an `Option`; zero means
//!   absent.
//! * A table is one value of one array map (`BPF_F_MMAPABLE`, `max_entries` 1),
//!   so that user space writes it without a system call and the program
//!   addresses it by a bounded offset without a look-up.
//! * User space is the only writer and stores aligned 8-byte words. A reader
//!   never sees half an entry, because an entry is published by its last word
//!   and its words are reused only after a grace period: see the crate
//!   `isthmus-tables`.
#![no_std]

mod config;
mod hash;
mod hypervisors;
mod liveness;
mod members;
mod meta;
mod outcome;
mod routes;
mod vpcs;

pub use config::{MAX_VTEPS, RouterConfig};
pub use hash::{HashKey, Lines};
pub use hypervisors::{HYPERVISORS, HypervisorEntry, MAX_PORTS};
pub use liveness::Liveness;
pub use members::{
    MEMBERS_PER_LINE_V4, MEMBERS_PER_LINE_V6, MemberEntryV4, MemberEntryV6, MemberWord,
    PrefixKeyV4, PrefixKeyV6,
};
pub use meta::{Capacities, LAYOUT_VERSION, META_MAGIC, Meta};
pub use outcome::{Counter, DropReason, OUTCOMES, Outcome};
pub use routes::{
    MAX_RANGES, PEERING_NAME_LEN, PeeringLabel, RANGE_SEARCH_STEPS, ROUTE_SLACK_LINES, RangeV4,
    RangeV6, RouteHeader,
};
pub use vpcs::{VPCS_PER_LINE, VpcWord};

/// Bytes of one line: a cache line of every x86-64 and most arm64 machines.
pub const LINE: usize = 64;

/// Largest VXLAN network identifier (RFC 7348, section 5: 24 bits).
pub const VNI_MAX: u32 = (1 << 24) - 1;

/// Names of the maps, as they are in the object and in the pin directory.
pub mod map {
    /// Look-up of a VPC's route block: lines of eight [`super::VpcWord`]s.
    pub const VPCS: &str = "VPCS";
    /// Route blocks: the peering map.
    pub const ROUTES: &str = "ROUTES";
    /// Forwarding map, exact IPv4 members.
    pub const MEMBERS_V4: &str = "MEMBERS_V4";
    /// Forwarding map, exact IPv6 members.
    pub const MEMBERS_V6: &str = "MEMBERS_V6";
    /// Forwarding map, IPv4 prefixes of members (`LPM_TRIE`).
    pub const PREFIXES_V4: &str = "PREFIXES_V4";
    /// Forwarding map, IPv6 prefixes of members (`LPM_TRIE`).
    pub const PREFIXES_V6: &str = "PREFIXES_V6";
    /// Hypervisors and their next hops.
    pub const HYPERVISORS: &str = "HYPERVISORS";
    /// Indices of [`HYPERVISORS`] by VTEP address (`HASH` of two words, as
    /// [`super::HypervisorEntry::vtep`], to `u32`): who is answered.
    pub const VTEPS: &str = "VTEPS";
    /// One line; its first word is a [`super::Liveness`].
    pub const LIVENESS: &str = "LIVENESS";
    /// Packets and bytes per outcome (`PERCPU_ARRAY` of [`super::Counter`]).
    pub const OUTCOMES: &str = "OUTCOMES";
    /// Packets and bytes per peering and direction (`PERCPU_ARRAY` of
    /// [`super::Counter`]).
    pub const PEERINGS: &str = "PEERINGS";
    /// What each index of [`PEERINGS`] counts (`ARRAY` of
    /// [`super::PeeringLabel`]); user space only.
    pub const LABELS: &str = "LABELS";
    /// Layout, capacities and hash key of these maps (`ARRAY` of one
    /// [`super::Meta`]); user space only.
    pub const META: &str = "META";
}
