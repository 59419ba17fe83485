//! Desired state: the entries of the two maps, as the compiler emits them and
//! as every feed hands them to an agent.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use isthmus_crds::{MacAddress, Vni};

/// Namespace and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// Key of the peering map: destinations inside `prefix`, seen from `vni`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteKey {
    /// The VPC whose members send.
    pub vni: Vni,
    /// A prefix of a peer, canonical.
    pub prefix: IpNet,
}

/// Value of the peering map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTarget {
    /// The VPC that holds the prefix.
    pub peer_vni: Vni,
    /// The peering that explains the entry.
    pub peering: Arc<ObjectName>,
}

/// Key of the forwarding map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberKey {
    /// The member's VPC.
    pub vni: Vni,
    /// One address (a `/32` or `/128`), or a prefix that the member routes for.
    pub prefix: IpNet,
}

/// Value of the forwarding map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberTarget {
    /// The member's MAC.
    pub mac: MacAddress,
    /// VTEP address of the hypervisor it lives on.
    pub hypervisor: IpAddr,
}

/// One entry that changed: its new value, or `None` where it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryChange {
    /// Of the peering map.
    Route(RouteKey, Option<RouteTarget>),
    /// Of the forwarding map.
    Member(MemberKey, Option<MemberTarget>),
}
