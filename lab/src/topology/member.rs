//! Members: what the lab's user asks for, and the handle that comes back.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::description::Description;
use super::node::Node;
use super::vpc::Vpc;
use crate::addressing::{Family, Mac};
use crate::kernel::namespace::Namespace;
use crate::traffic::Endpoint;

/// What a member should be.
#[derive(Clone, Debug, Default)]
pub struct MemberSpec {
    pub(crate) name: Option<String>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) mac: Option<Mac>,
    pub(crate) prefixes: Vec<IpNet>,
    pub(crate) inner_addresses: Vec<IpAddr>,
}

impl MemberSpec {
    /// A member with these addresses, of either family.
    #[must_use]
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self {
            addresses: addresses.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Its name in manifests; otherwise `member-N`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Its MAC; otherwise one by its number.
    #[must_use]
    pub fn mac(mut self, mac: Mac) -> Self {
        self.mac = Some(mac);
        self
    }

    /// A prefix that it routes for, and the addresses in that prefix (its pods')
    /// that it answers at.
    #[must_use]
    pub fn prefix(mut self, prefix: IpNet, inner: impl IntoIterator<Item = IpAddr>) -> Self {
        self.prefixes.push(prefix);
        self.inner_addresses.extend(inner);
        self
    }
}

impl<const N: usize> From<[IpAddr; N]> for MemberSpec {
    fn from(addresses: [IpAddr; N]) -> Self {
        Self::new(addresses)
    }
}

impl From<IpAddr> for MemberSpec {
    fn from(address: IpAddr) -> Self {
        Self::new([address])
    }
}

/// A member in its place: one namespace behind one hypervisor. A twin is
/// another place of the same member.
#[derive(Clone, Debug)]
pub struct Member(pub(crate) Arc<MemberData>);

#[derive(Debug)]
pub(crate) struct MemberData {
    /// Unique to the place.
    pub(crate) place: u32,
    /// The same for twins.
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) vpc: Vpc,
    pub(crate) hypervisor: usize,
    pub(crate) namespace: Namespace,
    pub(crate) mac: Mac,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) prefixes: Vec<IpNet>,
    pub(crate) inner_addresses: Vec<IpAddr>,
    /// Index of the member's port in its hypervisor's namespace.
    pub(crate) port: u32,
}

impl MemberData {
    pub(crate) fn new(
        description: Description,
        place: u32,
        hypervisor: usize,
        node: &Node,
        port: u32,
    ) -> Self {
        Self {
            place,
            id: description.id,
            name: description.name,
            vpc: description.vpc,
            hypervisor,
            namespace: node.namespace.clone(),
            mac: description.mac,
            addresses: description.addresses,
            prefixes: description.prefixes,
            inner_addresses: description.inner_addresses,
            port,
        }
    }
}

impl Member {
    /// The interface inside a member's namespace.
    pub const INTERFACE: &'static str = "eth0";

    /// Its name in manifests.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its number in the lab, the same for twins; responders answer with it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// Its VPC.
    #[must_use]
    pub fn vpc(&self) -> &Vpc {
        &self.0.vpc
    }

    /// Number of the hypervisor that it is on.
    #[must_use]
    pub fn hypervisor(&self) -> usize {
        self.0.hypervisor
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// Its MAC.
    #[must_use]
    pub fn mac(&self) -> Mac {
        self.0.mac
    }

    /// Its own addresses.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.0.addresses
    }

    /// Prefixes that it routes for.
    #[must_use]
    pub fn prefixes(&self) -> &[IpNet] {
        &self.0.prefixes
    }

    /// Its first address of a family.
    #[must_use]
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        self.0
            .addresses
            .iter()
            .copied()
            .find(|address| Family::of(*address) == family)
    }

    /// Where traffic to or from one of its addresses (or one inside its
    /// prefixes) starts and ends.
    #[must_use]
    pub fn endpoint(&self, address: IpAddr) -> Endpoint {
        Endpoint {
            namespace: self.0.namespace.clone(),
            address,
            id: self.0.id,
        }
    }

    /// The endpoint of its first address of a family.
    #[must_use]
    pub fn at(&self, family: Family) -> Option<Endpoint> {
        self.address(family).map(|address| self.endpoint(address))
    }
}
