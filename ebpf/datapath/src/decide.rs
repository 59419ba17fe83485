//! Where a packet goes, if anywhere.

use isthmus_abi::DropReason;

use crate::address::Address;
use crate::tables::Tables;

/// What a packet says of itself, as far as the decision needs it.
pub(crate) struct Query<A> {
    /// VNI it came with, not 0.
    pub(crate) vni: u32,
    /// Inner source.
    pub(crate) source: A,
    /// Inner destination.
    pub(crate) destination: A,
    /// Inner TTL or hop limit.
    pub(crate) ttl: u8,
    /// Outer source address, an IPv4 address mapped. Zero for an address that
    /// no VTEP can have.
    pub(crate) outer_source: [u64; 2],
    /// Index of the port's next hops.
    pub(crate) port: u32,
}

/// Where the packet goes.
pub(crate) struct Path {
    /// VNI of the destination's VPC.
    pub(crate) vni: u32,
    /// The member's MAC.
    pub(crate) member_mac: u64,
    /// VTEP of the member's hypervisor, an IPv4 address mapped.
    pub(crate) vtep: [u64; 2],
    /// MAC of the next hop towards it.
    pub(crate) next_hop: u64,
    /// Index into `PEERINGS`.
    pub(crate) peering: u32,
}

/// Decides in this order: route, destination member, source, export, TTL,
/// underlay family, next hop.
#[inline(always)]
pub(crate) fn decide<T: Tables, A: Address>(
    tables: &T,
    query: &Query<A>,
) -> Result<Path, DropReason> {
    // Cold loads first, then the branches on what they gave.
    let source = query.source.member(tables, query.vni);
    let Some(route) = query.destination.route(tables, query.vni) else {
        return Err(DropReason::NoRoute);
    };
    let destination = query.destination.member(tables, route.peer_vni);
    let from = tables.hypervisor(source.hypervisor(), query.port);
    let to = tables.hypervisor(destination.hypervisor(), query.port);

    if destination.0 == 0 {
        return Err(DropReason::NoMember);
    }
    if source.0 == 0 || from.vtep != query.outer_source || query.outer_source == [0, 0] {
        return Err(DropReason::SpoofedSource);
    }
    match query.source.route(tables, route.peer_vni) {
        Some(back) if back.peer_vni == query.vni => {}
        _ => return Err(DropReason::SourceNotExported),
    }
    if query.ttl <= 1 {
        return Err(DropReason::TtlExpired);
    }
    if is_mapped(to.vtep) != is_mapped(query.outer_source) {
        return Err(DropReason::UnderlayFamily);
    }
    if to.next_hop == 0 {
        return Err(DropReason::NextHopUnresolved);
    }
    Ok(Path {
        vni: route.peer_vni,
        member_mac: destination.mac(),
        vtep: to.vtep,
        next_hop: to.next_hop,
        peering: route.peering,
    })
}

/// Whether an address is an IPv4 address mapped into IPv6.
#[inline(always)]
pub(crate) fn is_mapped([high, low]: [u64; 2]) -> bool {
    high == 0 && low >> 32 == 0xffff
}
