//! Who the objects are that a compiler holds, accepted or not.

use crate::changes::MemberId;
use crate::compiler::Compiler;
use crate::entries::ObjectName;
use crate::object::{Kind, ObjectRef};
use crate::rank::Name;

/// A member and the Vpc that it names, whatever the verdict on either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberHome {
    /// The member.
    pub member: ObjectName,
    /// The Vpc that its `spec.vpc` names.
    pub vpc: ObjectName,
}

impl Compiler {
    /// The UID of an object; `None` where there is no such object, empty where
    /// it has none. A TransitGateway's is not kept.
    #[must_use]
    pub fn uid(&self, object: &ObjectRef) -> Option<String> {
        let name = Name::from(&object.name);
        let age = match object.kind {
            Kind::Vpc => &self.networks.get(&name)?.vpc.as_ref()?.rank.age,
            Kind::VpcMember => &self.members.get(self.member_number(&name)?)?.age,
            Kind::VpcPeering => &self.peerings.get(*self.peering_ids.get(&name)?)?.rank.age,
            Kind::TransitGateway => return None,
        };
        Some(age.uid())
    }

    /// Every object of a kind, in no order.
    pub fn objects_of(&self, kind: Kind) -> impl Iterator<Item = ObjectName> {
        let vpcs = self.networks.iter();
        let vpcs = vpcs.filter(|(_, network)| network.vpc.is_some());
        let vpcs = vpcs.map(|(name, _)| name.to_object_name());
        let members = self.members.values();
        let members = members.map(|member| member.full_name().to_object_name());
        let peerings = self.peering_ids.keys().map(Name::to_object_name);
        let gateways = self.gateways().map(|object| object.name.clone());
        let is = move |other: Kind| kind == other;
        vpcs.take_while(move |_| is(Kind::Vpc))
            .chain(members.take_while(move |_| is(Kind::VpcMember)))
            .chain(peerings.take_while(move |_| is(Kind::VpcPeering)))
            .chain(gateways.take_while(move |_| is(Kind::TransitGateway)))
    }

    /// A member's name and Vpc.
    #[must_use]
    pub fn member_home(&self, id: MemberId) -> Option<MemberHome> {
        let member = self.members.get(id.0)?;
        Some(MemberHome {
            member: member.full_name().to_object_name(),
            vpc: member.vpc.to_object_name(),
        })
    }
}

impl MemberId {
    /// The number: small, and that of no other member while this one is there.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
