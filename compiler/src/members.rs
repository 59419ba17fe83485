//! Rules for members.

use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use isthmus_crds::{Cidr, MAX_ADDRESSES, MAX_MEMBER_PREFIXES, MacAddress, Vni, VpcMember};
use smol_str::SmolStr;

use crate::changes::MemberId;
use crate::compiler::Compiler;
use crate::entries::{MemberKey, MemberTarget};
use crate::nets::Nets;
use crate::object::Kind;
use crate::prefixes::{covers, overlap};
use crate::rank::{Age, Name, Rank};
use crate::verdict::{Explanation, Reason, Verdict};
use crate::vpcs::{VpcRecord, size_fault};

/// What is kept of a member: there may be a million, so that each byte counts.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) age: Age,
    /// In the namespace of its VPC.
    pub(crate) name: SmolStr,
    /// One copy for all members of a VPC.
    pub(crate) vpc: Arc<Name>,
    pub(crate) spec: Spec,
    fault: Option<Box<Verdict>>,
    /// Whether its addresses and prefixes are in its network's index.
    claimed: bool,
    /// The VNI of its entries, where it has any.
    pub(crate) emitted: Option<Vni>,
}

/// Addresses and prefixes, and where they lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    nets: Nets,
    pub(crate) mac: MacAddress,
    pub(crate) hypervisor: IpAddr,
}

/// What was told of an accepted member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Emitted {
    name: SmolStr,
    pub(crate) vpc: Arc<Name>,
    spec: Spec,
    vni: Vni,
}

impl Emitted {
    pub(crate) fn entries(&self) -> impl Iterator<Item = (MemberKey, MemberTarget)> {
        self.spec.entries(self.vni)
    }

    /// Whether this is what is to be told of a member now.
    pub(crate) fn is_of(&self, member: &Member) -> bool {
        member.emitted == Some(self.vni)
            && member.name == self.name
            && member.vpc == self.vpc
            && member.spec == self.spec
    }
}

impl Spec {
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.nets.addresses().iter().map(IpNet::addr)
    }

    pub(crate) fn prefixes(&self) -> impl Iterator<Item = IpNet> {
        self.nets.prefixes().iter().copied()
    }

    /// The entries of the forwarding map.
    fn entries(&self, vni: Vni) -> impl Iterator<Item = (MemberKey, MemberTarget)> {
        let target = MemberTarget {
            mac: self.mac,
            hypervisor: self.hypervisor,
        };
        let addresses = self.nets.addresses();
        // A prefix that is one of the own addresses is the same entry.
        let prefixes = self.nets.prefixes().iter();
        let prefixes = prefixes.filter(|net| !addresses.contains(net));
        addresses.iter().chain(prefixes).map(move |prefix| {
            let prefix = *prefix;
            (MemberKey { vni, prefix }, target)
        })
    }
}

impl Member {
    pub(crate) fn full_name(&self) -> Name {
        Name {
            namespace: self.vpc.namespace.clone(),
            name: self.name.clone(),
        }
    }

    pub(crate) fn is_named(&self, namespace: &str, name: &str) -> bool {
        self.name == name && *self.vpc.namespace == *namespace
    }

    pub(crate) fn rank(&self) -> Rank {
        Rank {
            age: self.age.clone(),
            name: self.full_name(),
        }
    }

    pub(crate) fn verdict(&self) -> &Verdict {
        self.fault.as_deref().unwrap_or(&Verdict::ACCEPTED)
    }

    /// Whether it keeps what both want.
    fn is_older_than(&self, other: &Self) -> bool {
        self.seniority() < other.seniority()
    }

    /// In the order of ranks.
    fn seniority(&self) -> (&Age, &str, &str) {
        (&self.age, &self.vpc.namespace, &self.name)
    }

    /// The entries of the forwarding map, none where it is not accepted.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (MemberKey, MemberTarget)> {
        let vni = self.emitted.into_iter();
        vni.flat_map(|vni| self.spec.entries(vni))
    }

    /// What is told of it, where it is accepted.
    fn emission(&self) -> Option<Emitted> {
        Some(Emitted {
            name: self.name.clone(),
            vpc: self.vpc.clone(),
            spec: self.spec.clone(),
            vni: self.emitted?,
        })
    }

    /// `spec.addresses[0] 10.0.0.2` or `spec.prefixes[1] 10.1.0.0/16`.
    fn field(&self, i: usize) -> String {
        let (net, addresses) = (self.spec.nets.all()[i], self.spec.nets.addresses().len());
        if i < addresses {
            format!("spec.addresses[{i}] {}", net.addr())
        } else {
            format!("spec.prefixes[{}] {net}", i - addresses)
        }
    }

    fn is_address(&self, i: usize) -> bool {
        i < self.spec.nets.addresses().len()
    }

    fn size_fault(&self) -> Option<Box<Explanation>> {
        let nets = &self.spec.nets;
        let (addresses, prefixes) = (nets.addresses().len(), nets.prefixes().len());
        size_fault("spec.addresses", addresses, 1..=MAX_ADDRESSES)
            .or_else(|| size_fault("spec.prefixes", prefixes, 0..=MAX_MEMBER_PREFIXES))
    }

    /// What is wrong with its addresses and prefixes in its VPC, whatever
    /// other members there are.
    fn fault_in(&self, vpc: &VpcRecord) -> Option<Box<Explanation>> {
        (0..self.spec.nets.all().len()).find_map(|i| self.net_fault(i, vpc))
    }

    fn net_fault(&self, i: usize, vpc: &VpcRecord) -> Option<Box<Explanation>> {
        let nets = self.spec.nets.all();
        let (net, field, name) = (nets[i], self.field(i), &vpc.rank.name);
        if !covers(&vpc.cidrs, &net) {
            let message = format!("{field} is not inside the CIDRs of Vpc {name}");
            let reason = if self.is_address(i) {
                Reason::AddressOutsideVpc
            } else {
                Reason::PrefixOutsideVpc
            };
            return Some(Explanation::new(reason, message));
        }
        let gateways = vpc
            .cidrs
            .iter()
            .filter_map(|cidr| Cidr::new(*cidr).ok()?.gateway());
        if let Some(gateway) = gateways.into_iter().find(|gateway| net.contains(gateway)) {
            let is = if self.is_address(i) { "is" } else { "contains" };
            let message = format!("{field} {is} the gateway's own address {gateway} in Vpc {name}");
            return Some(Explanation::new(Reason::GatewayAddress, message));
        }
        let start = if self.is_address(i) {
            0
        } else {
            self.spec.nets.addresses().len()
        };
        let earlier = (start..i).find(|j| overlap(&nets[*j], &net))?;
        let reason = if self.is_address(i) {
            Reason::AddressTaken
        } else {
            Reason::PrefixTaken
        };
        let message = format!("{field} repeats {}", self.field(earlier));
        Some(Explanation::new(reason, message))
    }
}

impl Compiler {
    pub(crate) fn put_member(&mut self, name: Name, member: &VpcMember) {
        let spec = Spec {
            nets: Nets::new(
                &member.spec.addresses,
                member.spec.prefixes.iter().map(|prefix| prefix.net()),
            ),
            mac: member.spec.mac,
            hypervisor: member.spec.hypervisor,
        };
        let vpc = Name {
            namespace: name.namespace.clone(),
            name: member.spec.vpc.as_str().into(),
        };
        let age = Age::new(&member.metadata);
        let old = self.member_number(&name);
        if let Some(old) = old.and_then(|id| self.members.get(id))
            && old.age == age
            && *old.vpc == vpc
            && old.spec == spec
        {
            return;
        }
        // An object that changes keeps its number, and so its place in a slice.
        if let Some(id) = old {
            self.retract_member(id);
            self.leave_network(id);
        }
        self.touch_verdict(Kind::VpcMember, &name);
        let record = Member {
            age,
            name: name.name,
            vpc: self.shared_name(vpc),
            spec,
            fault: None,
            claimed: false,
            emitted: None,
        };
        let vpc = record.vpc.clone();
        let Some(id) = self.members.put(old, record) else {
            self.tidy_network(&vpc);
            return;
        };
        self.journal.members.entry(id).or_default();
        if old.is_none() {
            self.member_ids.insert(&self.members, id);
        }
        self.network(&vpc).members.insert(MemberId(id));
        self.dirty_members.insert(MemberId(id));
    }

    pub(crate) fn remove_member(&mut self, name: &Name) {
        let Some(id) = self.member_number(name) else {
            return;
        };
        self.retract_member(id);
        self.member_ids.remove(&self.members, id);
        self.dirty_members.remove(MemberId(id));
        self.leave_network(id);
        self.members.remove(id);
    }

    pub(crate) fn member_number(&self, name: &Name) -> Option<u32> {
        self.member_ids
            .get(&self.members, &name.namespace, &name.name)
    }

    fn leave_network(&mut self, id: u32) {
        let Some(vpc) = self.members.get(id).map(|member| member.vpc.clone()) else {
            return;
        };
        self.network(&vpc).members.remove(MemberId(id));
        self.tidy_network(&vpc);
    }

    /// Notes verdict and entries before they change.
    fn touch_member(&mut self, id: u32) {
        let Entry::Vacant(before) = self.journal.members.entry(id) else {
            return;
        };
        let Some(member) = self.members.get(id) else {
            return;
        };
        let name = member.full_name();
        before.insert(member.emission());
        self.touch_verdict(Kind::VpcMember, &name);
    }

    /// Takes back what a member holds.
    pub(crate) fn retract_member(&mut self, id: u32) {
        self.touch_member(id);
        self.work += 1;
        let Some(member) = self.members.get(id) else {
            return;
        };
        if member.emitted.is_some() {
            self.disturb_younger_members(id);
        }
        self.emit_member(id, None);
        let Some(member) = self.members.get_mut(id) else {
            return;
        };
        if std::mem::take(&mut member.claimed)
            && let Some(network) = self.networks.get_mut(&member.vpc)
        {
            for net in member.spec.nets.all() {
                network.claims.remove(*net, id);
            }
        }
    }

    /// Has the younger members judged that want what this one wants.
    fn disturb_younger_members(&mut self, id: u32) {
        let Some(member) = self.members.get(id) else {
            return;
        };
        let Some(network) = self.networks.get(&member.vpc) else {
            return;
        };
        for net in member.spec.nets.all() {
            for (_, other_id) in network.claims.overlapping(*net) {
                self.work += 1;
                let other = self.members.get(other_id);
                if other.is_some_and(|other| member.is_older_than(other)) {
                    self.dirty_members.insert(MemberId(other_id));
                }
            }
        }
    }

    pub(crate) fn judge_member(&mut self, id: u32) {
        self.touch_member(id);
        self.work += 1;
        let (verdict, vni) = match self.member_faults(id) {
            Err(fault) => {
                self.retract_member(id);
                (Verdict::Rejected(fault), None)
            }
            Ok(vni) => {
                self.claim_member(id);
                match self.older_claim(id) {
                    Some(conflict) => (Verdict::Rejected(conflict), None),
                    None => (Verdict::ACCEPTED, Some(vni)),
                }
            }
        };
        let Some(member) = self.members.get_mut(id) else {
            return;
        };
        member.fault = (!verdict.is_accepted()).then(|| Box::new(verdict));
        let before = member.emitted;
        self.emit_member(id, vni);
        if before.is_some() != vni.is_some() {
            self.disturb_younger_members(id);
        }
    }

    /// Gives a member entries under a VNI, or takes them; counts them.
    fn emit_member(&mut self, id: u32, vni: Option<Vni>) {
        let Some(member) = self.members.get_mut(id) else {
            return;
        };
        let Some(network) = self.networks.get_mut(&member.vpc) else {
            return;
        };
        let accepted = &mut network.accepted;
        if member.emitted.is_some() {
            accepted.members -= 1;
            accepted.entries -= member.entries().count();
        }
        member.emitted = vni;
        if vni.is_some() {
            accepted.members += 1;
            accepted.entries += member.entries().count();
        }
    }

    /// The VNI of the member's VPC, or what is wrong with the member apart
    /// from other members.
    fn member_faults(&self, id: u32) -> Result<Vni, Box<Explanation>> {
        let unknown = || Explanation::new(Reason::VpcNotFound, "the member is gone".to_owned());
        let member = self.members.get(id).ok_or_else(unknown)?;
        if let Some(fault) = member.size_fault() {
            return Err(fault);
        }
        let vpc = self.accepted_vpc(&member.vpc)?;
        member.fault_in(vpc).map_or(Ok(vpc.vni), Err)
    }

    /// The VPC that a member's or peering's `spec.vpc` names.
    pub(crate) fn accepted_vpc(&self, name: &Name) -> Result<&VpcRecord, Box<Explanation>> {
        let vpc = self
            .networks
            .get(name)
            .and_then(|network| network.vpc.as_ref());
        match vpc {
            None => {
                let message = format!("spec.vpc {}: there is no Vpc {name}", name.name);
                Err(Explanation::new(Reason::VpcNotFound, message))
            }
            Some(vpc) if !vpc.verdict.is_accepted() => {
                let message = format!("spec.vpc {}: Vpc {name} is itself rejected", name.name);
                Err(Explanation::new(Reason::VpcRejected, message))
            }
            Some(vpc) => Ok(vpc),
        }
    }

    fn claim_member(&mut self, id: u32) {
        let Some(member) = self.members.get_mut(id) else {
            return;
        };
        if !std::mem::replace(&mut member.claimed, true)
            && let Some(network) = self.networks.get_mut(&member.vpc)
        {
            for net in member.spec.nets.all() {
                network.claims.insert(*net, id);
            }
        }
    }

    /// The oldest accepted member that holds what this one wants, by the
    /// first field that it wants it with.
    fn older_claim(&mut self, id: u32) -> Option<Box<Explanation>> {
        let member = self.members.get(id)?;
        let network = self.networks.get(&member.vpc)?;
        for (i, net) in member.spec.nets.all().iter().enumerate() {
            let mut oldest: Option<(&Member, IpNet)> = None;
            for (theirs, other_id) in network.claims.overlapping(*net) {
                self.work += 1;
                let Some(other) = self.members.get(other_id) else {
                    continue;
                };
                if other.emitted.is_none() || !other.is_older_than(member) {
                    continue;
                }
                let is_first = oldest.is_none_or(|(oldest, net)| {
                    (other.seniority(), theirs) < (oldest.seniority(), net)
                });
                if is_first {
                    oldest = Some((other, theirs));
                }
            }
            if let Some((other, theirs)) = oldest {
                let (field, holder) = (member.field(i), other.full_name());
                let is_address = other.spec.nets.addresses().contains(&theirs);
                let (reason, message) = match (member.is_address(i), is_address) {
                    (true, true) => (
                        Reason::AddressTaken,
                        format!("{field} is held by VpcMember {holder}"),
                    ),
                    (true, false) => (
                        Reason::AddressInsidePrefix,
                        format!("{field} is inside {theirs} of VpcMember {holder}"),
                    ),
                    (false, true) => (
                        Reason::PrefixTaken,
                        format!("{field} contains {} of VpcMember {holder}", theirs.addr()),
                    ),
                    (false, false) => (
                        Reason::PrefixTaken,
                        format!("{field} overlaps {theirs} of VpcMember {holder}"),
                    ),
                };
                return Some(Explanation::new(reason, message));
            }
        }
        None
    }
}
