//! What the compiler holds of accepted objects, for those who tell it on.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use isthmus_crds::{MacAddress, Vni};

use crate::changes::MemberId;
use crate::compiler::Compiler;
use crate::entries::ObjectName;
use crate::members::Member;
use crate::rank::Name;

/// An accepted Vpc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedVpc {
    /// Its VNI.
    pub vni: Vni,
    /// Its UID; empty where it has none (one from a folder).
    pub uid: String,
    /// The pool of gateways that serves it.
    pub pool: Arc<str>,
}

/// What belongs to an accepted Vpc.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VpcCounts {
    /// Accepted members.
    pub members: usize,
    /// Their entries of the forwarding map.
    pub member_entries: usize,
    /// Vpcs that it has an accepted peering with.
    pub peers: usize,
    /// Its entries of the peering map.
    pub routes: usize,
}

/// An accepted VpcMember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedMember {
    /// Its namespace and name.
    pub name: ObjectName,
    /// Name of its Vpc, in its own namespace.
    pub vpc: String,
    /// VNI of its Vpc.
    pub vni: Vni,
    /// Its addresses, in the order of its spec.
    pub addresses: Vec<IpAddr>,
    /// The prefixes that it routes for, in the order of its spec.
    pub prefixes: Vec<IpNet>,
    /// Its MAC address.
    pub mac: MacAddress,
    /// VTEP address of its hypervisor.
    pub hypervisor: IpAddr,
}

impl Compiler {
    /// A Vpc, where it is accepted.
    #[must_use]
    pub fn vpc(&self, name: &ObjectName) -> Option<AcceptedVpc> {
        self.vpc_of(&Name::from(name))
    }

    /// What belongs to a Vpc, where it is accepted. Looks at its peerings, not
    /// at its members.
    #[must_use]
    pub fn vpc_counts(&self, name: &ObjectName) -> Option<VpcCounts> {
        let name = Name::from(name);
        let vni = self.vpc_of(&name)?.vni;
        let network = self.networks.get(&name)?;
        let mut counts = VpcCounts {
            members: network.accepted.members,
            member_entries: network.accepted.entries,
            ..VpcCounts::default()
        };
        for pair in self.pairs_in_force(&name) {
            counts.peers += 1;
            counts.routes += (pair.routes.iter())
                .filter(|(key, _)| key.vni == vni)
                .count();
        }
        Some(counts)
    }

    /// A member, where it is accepted.
    #[must_use]
    pub fn member(&self, name: &ObjectName) -> Option<AcceptedMember> {
        self.member_by_id(self.member_id(name)?)
    }

    /// The number of a member, accepted or not.
    #[must_use]
    pub fn member_id(&self, name: &ObjectName) -> Option<MemberId> {
        self.member_number(&Name::from(name)).map(MemberId)
    }

    /// The member of a number, where it is accepted.
    #[must_use]
    pub fn member_by_id(&self, id: MemberId) -> Option<AcceptedMember> {
        let (member, vni) = self.emitted_member(id)?;
        Some(AcceptedMember {
            name: member.full_name().to_object_name(),
            vpc: member.vpc.name.to_string(),
            vni,
            addresses: member.spec.addresses().collect(),
            prefixes: member.spec.prefixes().collect(),
            mac: member.spec.mac,
            hypervisor: member.spec.hypervisor,
        })
    }

    /// Numbers of the accepted members of a Vpc, in no order.
    pub fn members_of<'a>(&'a self, vpc: &ObjectName) -> impl Iterator<Item = MemberId> + use<'a> {
        let network = self.networks.get(&Name::from(vpc));
        let ids = network
            .into_iter()
            .flat_map(|network| network.members.iter());
        ids.filter(|id| self.emitted_member(*id).is_some())
    }

    pub(crate) fn vpc_of(&self, name: &Name) -> Option<AcceptedVpc> {
        let vpc = self.networks.get(name)?.vpc.as_ref()?;
        vpc.verdict.is_accepted().then(|| AcceptedVpc {
            vni: vpc.vni,
            uid: vpc.rank.age.uid(),
            pool: vpc.pool.clone(),
        })
    }

    /// An accepted member and its VNI.
    pub(crate) fn emitted_member(&self, id: MemberId) -> Option<(&Member, Vni)> {
        let member = self.members.get(id.0)?;
        Some((member, member.emitted?))
    }

    /// The holder of a VNI.
    pub(crate) fn holder_of(&self, vni: Vni) -> Option<&Name> {
        Some(&self.vnis.get(&vni)?.first()?.name)
    }
}
