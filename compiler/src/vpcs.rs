//! Rules for VPCs.

use std::sync::Arc;

use ipnet::IpNet;
use isthmus_crds::{Cidr, MAX_CIDRS, Vni, Vpc};

use crate::compiler::{Compiler, Event};
use crate::object::{Kind, Object};
use crate::prefixes::overlap;
use crate::rank::{Name, Rank};
use crate::verdict::{Explanation, Reason, Verdict};

/// What is kept of a VPC.
#[derive(Debug)]
pub(crate) struct VpcRecord {
    pub(crate) rank: Rank,
    pub(crate) vni: Vni,
    pub(crate) cidrs: Box<[IpNet]>,
    pub(crate) pool: Arc<str>,
    pub(crate) verdict: Verdict,
    /// What is wrong with it whatever else there is.
    fault: Option<Box<Explanation>>,
}

impl VpcRecord {
    pub(crate) fn new(vpc: &Vpc, name: Name) -> Self {
        let fault = fault(&vpc.spec.cidrs);
        Self {
            rank: Rank::new(&vpc.metadata, name),
            vni: vpc.spec.vni,
            cidrs: vpc.spec.cidrs.iter().map(|cidr| cidr.net()).collect(),
            pool: vpc.spec.pool.as_str().into(),
            verdict: fault.clone().map_or(Verdict::ACCEPTED, Verdict::Rejected),
            fault,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.rank == other.rank && self.vni == other.vni && self.cidrs == other.cidrs
    }
}

/// A list that is empty or too long.
pub(crate) fn size_fault(
    field: &str,
    len: usize,
    allowed: std::ops::RangeInclusive<usize>,
) -> Option<Box<Explanation>> {
    let (min, max) = (allowed.start(), allowed.end());
    (!allowed.contains(&len)).then(|| {
        let message = format!("{field} has {len} items; {min} to {max} are allowed");
        Explanation::new(Reason::SizeLimit, message)
    })
}

fn fault(cidrs: &[Cidr]) -> Option<Box<Explanation>> {
    if let Some(fault) = size_fault("spec.cidrs", cidrs.len(), 1..=MAX_CIDRS) {
        return Some(fault);
    }
    for (i, cidr) in cidrs.iter().enumerate() {
        if cidr.gateway().is_none() {
            let message = format!(
                "spec.cidrs[{i}] {cidr} has no room for the gateway and a member; a /30 or a \
                 /126 has"
            );
            return Some(Explanation::new(Reason::CidrTooSmall, message));
        }
        if !cidr.is_routable() {
            let message = format!(
                "spec.cidrs[{i}] {cidr} has addresses that are link-local, loopback, multicast, \
                 unspecified or IPv4-mapped; use a range of unicast addresses"
            );
            return Some(Explanation::new(Reason::CidrNotRoutable, message));
        }
        let earlier = cidrs[..i]
            .iter()
            .position(|other| overlap(&other.net(), &cidr.net()));
        if let Some(j) = earlier {
            let message = format!(
                "spec.cidrs[{i}] {cidr} overlaps spec.cidrs[{j}] {}",
                cidrs[j]
            );
            return Some(Explanation::new(Reason::CidrOverlap, message));
        }
    }
    None
}

impl Compiler {
    /// Notes the VNIs that an event takes from the VPCs that hold them, ahead
    /// of it.
    pub(crate) fn note_passing_vnis(&mut self, event: &Event) {
        let Some((name, new)) = vpc_event(event) else {
            return;
        };
        let released = self.released_vni(&name, new.as_ref());
        let displaced = new.filter(|new| self.displaces(new)).map(|new| new.vni);
        self.journal.passing.extend(released);
        self.journal.passing.extend(displaced);
    }

    /// The VNI that a VPC holds and has no more when `new` is in its place.
    fn released_vni(&self, name: &Name, new: Option<&VpcRecord>) -> Option<Vni> {
        let vni = self.networks.get(name)?.vpc.as_ref()?.vni;
        let mut wanting = self.vnis.get(&vni)?.iter();
        if wanting.next()?.name != *name {
            return None;
        }
        let next = wanting.next();
        let stays = new.is_some_and(|new| {
            new.fault.is_none() && new.vni == vni && next.is_none_or(|next| new.rank < *next)
        });
        (!stays).then_some(vni)
    }

    /// Whether `new` gets its VNI from another VPC, for its age.
    fn displaces(&self, new: &VpcRecord) -> bool {
        let holder = self.vnis.get(&new.vni).and_then(|wanting| wanting.first());
        holder.is_some_and(|holder| {
            new.fault.is_none() && new.rank < *holder && new.rank.name != holder.name
        })
    }

    /// Puts a VPC in the place of the one that was there.
    pub(crate) fn replace_vpc(&mut self, name: &Name, new: Option<VpcRecord>) {
        let old = self
            .networks
            .get(name)
            .and_then(|network| network.vpc.as_ref());
        match (&old, &new) {
            (None, None) => return,
            (Some(old), Some(new)) if old.is_same(new) => {
                let pool = (old.pool != new.pool).then(|| new.pool.clone());
                self.move_to_pool(name, pool);
                return;
            }
            _ => {}
        }
        let old_vni = old.map(|vpc| vpc.vni);
        let new_vni = new.as_ref().map(|vpc| vpc.vni);
        self.take_vpc(name);
        if let Some(new) = new {
            if new.fault.is_none() {
                self.vnis
                    .entry(new.vni)
                    .or_default()
                    .insert(new.rank.clone());
            }
            self.network(name).vpc = Some(new);
        }
        for vni in [old_vni, new_vni].into_iter().flatten() {
            self.judge_vni(vni);
        }
    }

    /// Puts a VPC into another pool; no verdict and no entry depends on it.
    fn move_to_pool(&mut self, name: &Name, pool: Option<Arc<str>>) {
        let Some(pool) = pool else { return };
        self.touch_vpc(name);
        if let Some(vpc) = self.network(name).vpc.as_mut() {
            vpc.pool = pool;
        }
    }

    /// Notes verdict and identity before they change.
    fn touch_vpc(&mut self, name: &Name) {
        if !self.journal.vpcs.contains_key(name) {
            let before = self.vpc_of(name);
            self.journal.vpcs.insert(name.clone(), before);
        }
        self.touch_verdict(Kind::Vpc, name);
    }

    /// Takes a VPC away, and has what depends on it judged anew.
    fn take_vpc(&mut self, name: &Name) {
        self.touch_vpc(name);
        self.retract_network(name);
        let Some(network) = self.networks.get_mut(name) else {
            return;
        };
        if let Some(old) = network.vpc.take()
            && let Some(holders) = self.vnis.get_mut(&old.vni)
        {
            holders.remove(&old.rank);
            if holders.is_empty() {
                self.vnis.remove(&old.vni);
            }
        }
        self.tidy_network(name);
    }

    /// The oldest VPC that wants a VNI has it.
    pub(crate) fn judge_vni(&mut self, vni: Vni) {
        let Some(wanting) = self.vnis.get(&vni) else {
            return;
        };
        let names: Vec<Name> = wanting.iter().map(|rank| rank.name.clone()).collect();
        let Some(holder) = names.first().cloned() else {
            return;
        };
        for name in names {
            self.work += 1;
            let verdict = if name == holder {
                Verdict::ACCEPTED
            } else {
                vni_taken(vni, &holder, &name)
            };
            self.conclude_vpc(&name, verdict);
        }
    }

    fn conclude_vpc(&mut self, name: &Name, verdict: Verdict) {
        let current = self
            .networks
            .get(name)
            .and_then(|network| network.vpc.as_ref());
        let Some(current) = current.filter(|vpc| vpc.verdict != verdict) else {
            return;
        };
        let flips = current.verdict.is_accepted() != verdict.is_accepted();
        self.touch_vpc(name);
        if flips {
            self.retract_network(name);
        }
        if let Some(vpc) = self.network(name).vpc.as_mut() {
            vpc.verdict = verdict;
        }
    }

    /// Takes back what members and peerings of a VPC hold, and has them
    /// judged anew.
    fn retract_network(&mut self, name: &Name) {
        let Some(network) = self.networks.get(name) else {
            return;
        };
        let (members, pairs) = (network.members.clone(), network.pairs.clone());
        for member in members.iter() {
            self.retract_member(member.0);
            self.dirty_members.insert(member);
        }
        for id in pairs {
            self.retract_pair(id);
            self.dirty_pairs.insert(id);
        }
    }
}

fn vni_taken(vni: Vni, holder: &Name, loser: &Name) -> Verdict {
    let message = format!("spec.vni {vni} is held by Vpc {holder}, which is older");
    let mut explanation = Explanation::new(Reason::VniTaken, message);
    if holder.namespace != loser.namespace {
        explanation = explanation.discreetly(format!(
            "spec.vni {vni} is held by a Vpc of another namespace, which is older"
        ));
    }
    Verdict::Rejected(explanation)
}

/// Name and new state of the VPC that an event speaks of.
fn vpc_event(event: &Event) -> Option<(Name, Option<VpcRecord>)> {
    match event {
        Event::Apply(object @ Object::Vpc(vpc)) => {
            let name = Name::from(&object.reference().name);
            let record = VpcRecord::new(vpc, name.clone());
            Some((name, Some(record)))
        }
        Event::Delete(object) if object.kind == Kind::Vpc => Some((Name::from(&object.name), None)),
        _ => None,
    }
}
