//! What the brain asks of the tables, whatever their layout.

use isthmus_abi::{Liveness, MemberWord};

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The VPC that holds the destination.
    pub peer_vni: u32,
    /// Index into `PEERINGS`.
    pub peering: u32,
}

/// A hypervisor as one port sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hypervisor {
    /// VTEP address, an IPv4 address mapped; zero where there is none.
    pub vtep: [u64; 2],
    /// MAC of the next hop towards it, 0 while unknown.
    pub next_hop: u64,
}

/// The peering map, the forwarding map and the hypervisors.
pub trait Tables {
    /// The peering map: where `destination` leads from the VPC `vni`, by the
    /// longest prefix.
    fn route_v4(&self, vni: u32, destination: u32) -> Option<Route>;
    /// As [`Tables::route_v4`].
    fn route_v6(&self, vni: u32, destination: [u64; 2]) -> Option<Route>;
    /// The forwarding map: the member that holds the address, exactly, else by
    /// the longest of the members' prefixes; the word 0 where none does.
    fn member_v4(&self, vni: u32, address: u32) -> MemberWord;
    /// As [`Tables::member_v4`].
    fn member_v6(&self, vni: u32, address: [u64; 2]) -> MemberWord;
    /// The hypervisor with this index and its next hop for `port`.
    fn hypervisor(&self, index: u16, port: u32) -> Hypervisor;
    /// Whether a VTEP address, an IPv4 address mapped, is a hypervisor's.
    fn is_hypervisor(&self, vtep: [u64; 2]) -> bool;
    /// Whether the gateway takes traffic.
    fn liveness(&self) -> Liveness;
}
