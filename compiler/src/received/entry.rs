//! What is kept of a slice's entries.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};
use isthmus_crds::{ForwardingSlice, MacAddress, PeeringSlice, Vni};

use crate::entries::{MemberTarget, ObjectName};

/// An entry of a slice; a slice has one for a prefix.
pub(super) trait Entry: PartialEq {
    fn prefix(&self) -> IpNet;
}

/// One address or prefix of a member. Where addresses are IPv4, which is most of
/// them, it takes 16 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MemberEntry {
    /// An IPv4 prefix, and an IPv4 hypervisor.
    V4(Ipv4Net, MacAddress, Ipv4Addr),
    /// Any other.
    Other(Box<(IpNet, MemberTarget)>),
}

impl MemberEntry {
    fn new(prefix: IpNet, target: MemberTarget) -> Self {
        match (prefix, target.hypervisor) {
            (IpNet::V4(prefix), IpAddr::V4(hypervisor)) => Self::V4(prefix, target.mac, hypervisor),
            _ => Self::Other(Box::new((prefix, target))),
        }
    }

    pub(super) fn target(&self) -> MemberTarget {
        match self {
            Self::V4(_, mac, hypervisor) => MemberTarget {
                mac: *mac,
                hypervisor: IpAddr::V4(*hypervisor),
            },
            Self::Other(other) => other.1,
        }
    }
}

impl Entry for MemberEntry {
    fn prefix(&self) -> IpNet {
        match self {
            Self::V4(prefix, ..) => IpNet::V4(*prefix),
            Self::Other(other) => other.0,
        }
    }
}

/// One prefix of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RouteEntry {
    prefix: IpNet,
    pub(super) peer_vni: Vni,
    pub(super) peer_uid: Arc<str>,
    pub(super) peering: Arc<ObjectName>,
}

impl Entry for RouteEntry {
    fn prefix(&self) -> IpNet {
        self.prefix
    }
}

/// By prefix, each once.
pub(super) fn members(slice: &ForwardingSlice) -> Box<[MemberEntry]> {
    let members = slice.spec.members.iter().flat_map(|member| {
        let addresses = member.addresses.iter().map(|address| IpNet::from(*address));
        let prefixes = member.prefixes.iter().map(|prefix| prefix.net());
        let target = MemberTarget {
            mac: member.mac,
            hypervisor: member.hypervisor,
        };
        let prefixes = addresses.chain(prefixes);
        prefixes.map(move |prefix| MemberEntry::new(prefix, target))
    });
    in_order(members.collect())
}

/// By prefix, each once.
pub(super) fn routes(slice: &PeeringSlice) -> Box<[RouteEntry]> {
    let mut routes: Vec<RouteEntry> = Vec::with_capacity(slice.spec.routes.len());
    for route in &slice.spec.routes {
        // Routes of one peering stand together, and share what they name.
        let last = routes.last();
        let peer_uid = last
            .map(|last| &last.peer_uid)
            .filter(|uid| ***uid == *route.peer_uid)
            .map_or_else(|| route.peer_uid.as_str().into(), Arc::clone);
        let peering = last
            .map(|last| &last.peering)
            .filter(|last| {
                last.namespace == route.peering.namespace && last.name == route.peering.name
            })
            .map_or_else(
                || {
                    Arc::new(ObjectName {
                        namespace: route.peering.namespace.clone(),
                        name: route.peering.name.clone(),
                    })
                },
                Arc::clone,
            );
        routes.push(RouteEntry {
            prefix: route.prefix.net(),
            peer_vni: route.peer_vni,
            peer_uid,
            peering,
        });
    }
    in_order(routes)
}

fn in_order<E: Entry>(mut entries: Vec<E>) -> Box<[E]> {
    entries.sort_by_key(Entry::prefix);
    entries.dedup_by_key(|entry| entry.prefix());
    entries.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_members_address_takes_16_bytes() {
        assert_eq!(size_of::<MemberEntry>(), 16);
    }
}
