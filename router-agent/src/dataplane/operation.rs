//! What a plan consists of.

use std::net::IpAddr;

use ipnet::IpNet;
use isthmus_compiler::{MemberKey, MemberTarget};
use isthmus_tables::Label;

use super::routes::Routes;

/// A member's entry, named as the tables can hold it: also with a VNI that no
/// VPC may have, so that garbage can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId {
    /// VNI of the member's VPC.
    pub vni: u32,
    /// One address, or a prefix that the member routes for.
    pub prefix: IpNet,
}

impl MemberId {
    /// The address, where it is one: an entry of the exact tables.
    #[must_use]
    pub fn exact(&self) -> Option<IpAddr> {
        (self.prefix.prefix_len() == self.prefix.max_prefix_len()).then(|| self.prefix.addr())
    }
}

impl From<&MemberKey> for MemberId {
    fn from(key: &MemberKey) -> Self {
        Self {
            vni: key.vni.get(),
            prefix: key.prefix,
        }
    }
}

/// Where a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberPlace {
    /// MAC, 48 bits.
    pub mac: u64,
    /// VTEP of its hypervisor.
    pub hypervisor: IpAddr,
}

impl From<&MemberTarget> for MemberPlace {
    fn from(target: &MemberTarget) -> Self {
        Self {
            mac: target.mac.to_bits(),
            hypervisor: target.hypervisor,
        }
    }
}

/// One change of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Takes routes of a VPC away that are not wanted: what is left is what it
    /// has and should have. The first operations of a plan.
    Narrow(u32, Routes),
    /// Enters a hypervisor.
    AddHypervisor(IpAddr),
    /// Enters the counter of one direction of a peering.
    AddLabel(Label),
    /// Adds a member, or changes where it is.
    SetMember(MemberId, MemberPlace),
    /// Gives a VPC all of its routes.
    SetRoutes(u32, Routes),
    /// Removes a member.
    RemoveMember(MemberId),
    /// Removes a hypervisor that no member has.
    RemoveHypervisor(IpAddr),
    /// Removes a counter under which no route counts.
    RemoveLabel(Label),
}

/// Kinds of operations, for counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OpKind {
    /// [`Operation::Narrow`].
    Narrow,
    /// [`Operation::AddHypervisor`].
    AddHypervisor,
    /// [`Operation::AddLabel`].
    AddLabel,
    /// [`Operation::SetMember`].
    SetMember,
    /// [`Operation::SetRoutes`].
    SetRoutes,
    /// [`Operation::RemoveMember`].
    RemoveMember,
    /// [`Operation::RemoveHypervisor`].
    RemoveHypervisor,
    /// [`Operation::RemoveLabel`].
    RemoveLabel,
}

impl OpKind {
    /// Name in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Narrow => "narrow-routes",
            Self::AddHypervisor => "add-hypervisor",
            Self::AddLabel => "add-counter",
            Self::SetMember => "set-member",
            Self::SetRoutes => "set-routes",
            Self::RemoveMember => "remove-member",
            Self::RemoveHypervisor => "remove-hypervisor",
            Self::RemoveLabel => "remove-counter",
        }
    }
}

/// What an operation is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entry {
    /// The routes of a VPC, by its VNI.
    Routes(u32),
    /// A member.
    Member(MemberId),
    /// A hypervisor.
    Hypervisor(IpAddr),
    /// The counter of one direction of a peering.
    Label(Label),
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Routes(vni) => write!(f, "routes of VNI {vni}"),
            Self::Member(id) => write!(f, "member {} of VNI {}", id.prefix, id.vni),
            Self::Hypervisor(vtep) => write!(f, "hypervisor {vtep}"),
            Self::Label(label) => {
                write!(
                    f,
                    "counter of {} from VNI {} to {}",
                    label.name, label.vni, label.peer_vni
                )
            }
        }
    }
}

impl Operation {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> OpKind {
        match self {
            Self::Narrow(..) => OpKind::Narrow,
            Self::AddHypervisor(_) => OpKind::AddHypervisor,
            Self::AddLabel(_) => OpKind::AddLabel,
            Self::SetMember(..) => OpKind::SetMember,
            Self::SetRoutes(..) => OpKind::SetRoutes,
            Self::RemoveMember(_) => OpKind::RemoveMember,
            Self::RemoveHypervisor(_) => OpKind::RemoveHypervisor,
            Self::RemoveLabel(_) => OpKind::RemoveLabel,
        }
    }

    /// What it is about.
    #[must_use]
    pub fn entry(&self) -> Entry {
        match self {
            Self::Narrow(vni, _) | Self::SetRoutes(vni, _) => Entry::Routes(*vni),
            Self::AddHypervisor(vtep) | Self::RemoveHypervisor(vtep) => Entry::Hypervisor(*vtep),
            Self::AddLabel(label) | Self::RemoveLabel(label) => Entry::Label(label.clone()),
            Self::SetMember(id, _) | Self::RemoveMember(id) => Entry::Member(*id),
        }
    }
}
