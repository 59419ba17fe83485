//! The contents of the tables in plain collections.

use std::collections::HashMap;
use std::net::IpAddr;

use isthmus_abi::{Capacities, HashKey, Liveness, RouterConfig};

/// A member as the forwarding map has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// MAC, 48 bits.
    pub mac: u64,
    /// VTEP of its hypervisor, one of [`World::next_hops`].
    pub vtep: IpAddr,
}

/// A prefix that a member routes for.
#[derive(Clone, Copy, Debug)]
pub struct MemberPrefix {
    /// VPC.
    pub vni: u32,
    /// Network address.
    pub network: IpAddr,
    /// Length in bits.
    pub length: u8,
    /// Whose it is.
    pub member: Member,
}

/// An entry of the peering map.
#[derive(Clone, Copy, Debug)]
pub struct RouteEntry {
    /// Network address.
    pub network: IpAddr,
    /// Length in bits.
    pub length: u8,
    /// The peer's VNI.
    pub peer_vni: u32,
    /// Index into `PEERINGS`.
    pub peering: u32,
}

/// Everything that the router knows.
#[derive(Clone, Debug)]
pub struct World {
    /// The port's configuration.
    pub config: RouterConfig,
    /// Peering map, by VNI.
    pub routes: HashMap<u32, Vec<RouteEntry>>,
    /// Forwarding map, exact.
    pub members: HashMap<(u32, IpAddr), Member>,
    /// Forwarding map, prefixes.
    pub prefixes: Vec<MemberPrefix>,
    /// Hypervisors and the next hop of the configured port, 0 while unknown.
    pub next_hops: HashMap<IpAddr, u64>,
    /// Whether the gateway takes traffic.
    pub liveness: Liveness,
}

impl World {
    /// An empty world around a port.
    #[must_use]
    pub fn new(config: RouterConfig) -> Self {
        Self {
            config,
            routes: HashMap::new(),
            members: HashMap::new(),
            prefixes: Vec::new(),
            next_hops: HashMap::new(),
            liveness: Liveness::Serving,
        }
    }

    /// The entry of the longest prefix around `address`.
    #[must_use]
    pub fn route(&self, vni: u32, address: IpAddr) -> Option<&RouteEntry> {
        self.routes
            .get(&vni)?
            .iter()
            .filter(|route| contains(route.network, route.length, address))
            .max_by_key(|route| route.length)
    }

    /// The member that holds `address`: exactly, else by the longest prefix.
    #[must_use]
    pub fn member(&self, vni: u32, address: IpAddr) -> Option<Member> {
        self.members.get(&(vni, address)).copied().or_else(|| {
            self.prefixes
                .iter()
                .filter(|prefix| prefix.vni == vni)
                .filter(|prefix| contains(prefix.network, prefix.length, address))
                .max_by_key(|prefix| prefix.length)
                .map(|prefix| prefix.member)
        })
    }
}

/// Whether a prefix contains an address of the same family.
fn contains(network: IpAddr, length: u8, address: IpAddr) -> bool {
    let (network, address, bits) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => (
            u128::from(network.to_bits()),
            u128::from(address.to_bits()),
            32,
        ),
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let host = bits - u32::from(length);
    network.checked_shr(host).unwrap_or(0) == address.checked_shr(host).unwrap_or(0)
}

/// Small tables.
#[must_use]
pub(crate) fn small() -> (Capacities, HashKey) {
    let capacities = Capacities {
        member_lines_v4: 67,
        member_lines_v6: 67,
        vpc_lines: 17,
        route_lines: 512,
        prefixes_v4: 64,
        prefixes_v6: 64,
        peerings: 64,
        reserved: 0,
    };
    (
        capacities,
        HashKey::new([
            0x243f_6a88_85a3_08d3,
            0x1319_8a2e_0370_7344,
            0xa409_3822_299f_31d0,
        ]),
    )
}
