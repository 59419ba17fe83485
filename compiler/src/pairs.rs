//! Rules for pairs of VPCs that want to peer.
//!
//! A pair is complete when one object of a namespace, or both halves across
//! namespaces, state it. A complete pair of accepted VPCs that do not overlap,
//! none of its halves at fault, holds its place among its siblings, by the age
//! of its younger half. A pair that is not in force holds nothing: one bad half
//! never stops another pair.

use std::collections::BTreeSet;

use ipnet::IpNet;

use crate::compiler::Compiler;
use crate::entries::{RouteKey, RouteTarget};
use crate::object::Kind;
use crate::peerings::Peering;
use crate::prefixes::{first_overlap, intersect, overlap};
use crate::rank::{Name, Rank};
use crate::verdict::{Explanation, Reason, Verdict};
use crate::vpcs::VpcRecord;

/// Two VPCs that at least one object wants to peer.
#[derive(Debug)]
pub(crate) struct Pair {
    /// The lesser name first.
    pub(crate) vpcs: [Name; 2],
    /// Objects by the VPC that they call their own, the oldest first; all in
    /// the first where both VPCs are of one namespace.
    slots: [BTreeSet<(Rank, u32)>; 2],
    /// CIDRs of either VPC as they are in the other's index of siblings.
    claim: Option<[Box<[IpNet]>; 2]>,
    /// Whether the pair has its place: the claim meets no older one.
    holds: bool,
    pub(crate) routes: Vec<(RouteKey, RouteTarget)>,
}

impl Pair {
    pub(crate) fn new(vpcs: [Name; 2]) -> Self {
        let slots = [BTreeSet::new(), BTreeSet::new()];
        Self {
            vpcs,
            slots,
            claim: None,
            holds: false,
            routes: Vec::new(),
        }
    }

    pub(crate) fn is_local(&self) -> bool {
        self.vpcs[0].namespace == self.vpcs[1].namespace
    }

    pub(crate) fn slot_of(&mut self, own: &Name) -> &mut BTreeSet<(Rank, u32)> {
        let second = !self.is_local() && *own == self.vpcs[1];
        &mut self.slots[usize::from(second)]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.iter().all(BTreeSet::is_empty)
    }

    /// The object that counts for a side.
    pub(crate) fn holder(&self, side: usize) -> Option<&(Rank, u32)> {
        self.slots[if self.is_local() { 0 } else { side }].first()
    }

    /// Of the younger half, or of the one that there is.
    pub(crate) fn age(&self) -> Option<&Rank> {
        self.slots
            .iter()
            .filter_map(|slot| slot.first())
            .map(|(rank, _)| rank)
            .max()
    }
}

/// An older pair in the way, seen from the VPC that both share.
struct Sibling {
    /// The CIDR of the peer.
    ours: IpNet,
    /// The CIDR of the shared VPC's other peer.
    theirs: IpNet,
    /// That other peer.
    vpc: Name,
}

/// What a judgement of a pair comes to.
#[derive(Default)]
struct Conclusion {
    /// On each of its objects.
    verdicts: Vec<(u32, Verdict)>,
    routes: Vec<(RouteKey, RouteTarget)>,
}

impl Compiler {
    /// Notes verdicts and routes before they change.
    fn touch_pair(&mut self, id: u32) {
        if !self.journal.pairs.insert(id) {
            return;
        }
        let Some(pair) = self.pairs.get(id) else {
            return;
        };
        self.journal.routes.extend(pair.routes.iter().cloned());
        if self.is_in_force(pair) {
            self.journal.peers.insert(pair.vpcs.clone());
        }
        let names: Vec<Name> = pair
            .slots
            .iter()
            .flatten()
            .map(|(rank, _)| rank.name.clone())
            .collect();
        for name in names {
            self.touch_verdict(Kind::VpcPeering, &name);
        }
    }

    pub(crate) fn remove_pair(&mut self, id: u32) {
        self.dirty_pairs.remove(&id);
        let Some(pair) = self.pairs.remove(id) else {
            return;
        };
        for vpc in &pair.vpcs {
            self.network(vpc).pairs.remove(&id);
            self.tidy_network(vpc);
        }
        let [a, b] = pair.vpcs;
        self.pair_ids.remove(&(a, b));
    }

    /// Takes back what a pair holds.
    pub(crate) fn retract_pair(&mut self, id: u32) {
        self.touch_pair(id);
        self.work += 1;
        if self.pairs.get(id).is_some_and(|pair| pair.holds) {
            self.disturb_younger_pairs(id);
        }
        let Some(pair) = self.pairs.get_mut(id) else {
            return;
        };
        pair.holds = false;
        pair.routes.clear();
        let Some(claim) = pair.claim.take() else {
            return;
        };
        for side in 0..2 {
            if let Some(network) = self.networks.get_mut(&pair.vpcs[side]) {
                for net in &claim[1 - side] {
                    network.siblings.remove(*net, id);
                }
            }
        }
    }

    /// Has the younger pairs judged that meet this one's claim.
    fn disturb_younger_pairs(&mut self, id: u32) {
        let Some(pair) = self.pairs.get(id) else {
            return;
        };
        let Some(claim) = &pair.claim else { return };
        for side in 0..2 {
            let Some(network) = self.networks.get(&pair.vpcs[side]) else {
                continue;
            };
            for net in &claim[1 - side] {
                for (_, other) in network.siblings.overlapping(*net) {
                    self.work += 1;
                    if self
                        .pairs
                        .get(other)
                        .is_some_and(|other| other.age() > pair.age())
                    {
                        self.dirty_pairs.insert(other);
                    }
                }
            }
        }
    }

    pub(crate) fn judge_pair(&mut self, id: u32) {
        self.touch_pair(id);
        self.work += 1;
        let Some(pair) = self.pairs.get(id) else {
            return;
        };
        let (vpcs, held) = (pair.vpcs.clone(), pair.holds);
        let sound = [0, 1].into_iter().all(|side| self.is_sound(pair, side));
        let states = [0, 1].map(|side| self.accepted_vpc(&vpcs[side]).ok());
        let cidrs = match states {
            [Some(a), Some(b)] if sound && first_overlap(&a.cidrs, &b.cidrs).is_none() => {
                Some([a.cidrs.clone(), b.cidrs.clone()])
            }
            _ => None,
        };
        let mut siblings = [None, None];
        if let Some(cidrs) = cidrs {
            self.claim_pair(id, &vpcs, &cidrs);
            siblings = [0, 1].map(|side| self.older_sibling(id, side));
            let holds = siblings.iter().all(Option::is_none);
            if let Some(pair) = self.pairs.get_mut(id) {
                pair.holds = holds;
            }
            if held != holds {
                self.disturb_younger_pairs(id);
            }
        } else {
            self.retract_pair(id);
        }

        let Conclusion { verdicts, routes } = self.conclude(id, &siblings);
        if let Some(pair) = self.pairs.get_mut(id) {
            pair.routes = routes;
        }
        for (peering, verdict) in verdicts {
            if let Some(peering) = self.peerings.get_mut(peering) {
                peering.verdict = verdict;
            }
        }
    }

    /// Whether both sides of a pair are accepted.
    pub(crate) fn is_in_force(&self, pair: &Pair) -> bool {
        let mut halves = [0, 1].into_iter().map(|side| {
            let (_, id) = pair.holder(side)?;
            self.peerings.get(*id)
        });
        halves.all(|half| half.is_some_and(|half| half.verdict.is_accepted()))
    }

    /// Whether a side has its half, and nothing is wrong with that half alone.
    fn is_sound(&self, pair: &Pair, side: usize) -> bool {
        let half = pair.holder(side).and_then(|(_, id)| self.peerings.get(*id));
        half.is_some_and(|half| {
            self.accepted_vpc(&half.own)
                .is_ok_and(|own| half.fault_in(own).is_none())
        })
    }

    fn claim_pair(&mut self, id: u32, vpcs: &[Name; 2], cidrs: &[Box<[IpNet]>; 2]) {
        let Some(pair) = self.pairs.get_mut(id) else {
            return;
        };
        if pair.claim.is_some() {
            return;
        }
        pair.claim = Some(cidrs.clone());
        for side in 0..2 {
            let network = self.network(&vpcs[side]);
            for net in &cidrs[1 - side] {
                network.siblings.insert(*net, id);
            }
        }
    }

    /// The oldest pair of the side's VPC whose peer overlaps this one's.
    fn older_sibling(&mut self, id: u32, side: usize) -> Option<Sibling> {
        let pair = self.pairs.get(id)?;
        let claim = pair.claim.as_ref()?;
        let network = self.networks.get(&pair.vpcs[side])?;
        for ours in &claim[1 - side] {
            let mut oldest: Option<(&Rank, IpNet, &Pair)> = None;
            for (theirs, other) in network.siblings.overlapping(*ours) {
                self.work += 1;
                let Some(other) = self.pairs.get(other).filter(|other| other.holds) else {
                    continue;
                };
                let Some(age) = other.age().filter(|age| Some(*age) < pair.age()) else {
                    continue;
                };
                if oldest.is_none_or(|oldest| (age, theirs) < (oldest.0, oldest.1)) {
                    oldest = Some((age, theirs, other));
                }
            }
            if let Some((_, theirs, other)) = oldest {
                let is_own = other.vpcs[0] == pair.vpcs[side];
                let vpc = other.vpcs[usize::from(is_own)].clone();
                return Some(Sibling {
                    ours: *ours,
                    theirs,
                    vpc,
                });
            }
        }
        None
    }

    /// Verdicts on a pair's objects, and its routes.
    fn conclude(&self, id: u32, siblings: &[Option<Sibling>; 2]) -> Conclusion {
        let Some(pair) = self.pairs.get(id) else {
            return Conclusion::default();
        };
        let objects = pair.slots.iter().flatten();
        let verdicts: Vec<_> = objects
            .filter_map(|(_, id)| Some((*id, self.judge_half(pair, *id, siblings)?)))
            .collect();
        let accepted = |side: usize| {
            let (_, holder) = pair.holder(side)?;
            let verdict = verdicts
                .iter()
                .find(|(id, _)| id == holder)
                .map(|(_, verdict)| verdict)?;
            verdict.is_accepted().then(|| self.peerings.get(*holder))?
        };
        let routes = match (accepted(0), accepted(1)) {
            (Some(a), Some(b)) => self.pair_routes(pair, [a, b]),
            _ => Vec::new(),
        };
        Conclusion { verdicts, routes }
    }

    fn judge_half(&self, pair: &Pair, id: u32, siblings: &[Option<Sibling>; 2]) -> Option<Verdict> {
        let half = self.peerings.get(id)?;
        let side = usize::from(half.own == pair.vpcs[1]);
        let (holder_rank, holder) = pair.holder(side)?;
        let reject = |reason, message| Some(Verdict::Rejected(Explanation::new(reason, message)));
        if *holder != id {
            let message = format!(
                "spec.vpc {} and spec.peer {} are peered by VpcPeering {}, which is older",
                half.own.name, half.peer, holder_rank.name
            );
            return reject(Reason::DuplicatePeering, message);
        }
        let own = match self.accepted_vpc(&half.own) {
            Ok(own) => own,
            Err(fault) => return Some(Verdict::Rejected(fault)),
        };
        if let Some(fault) = half.fault_in(own) {
            return Some(Verdict::Rejected(fault));
        }
        let Some((_, other)) = pair.holder(1 - side) else {
            // Says nothing of the peer: that namespace has not agreed to be seen.
            let message = format!(
                "spec.peer {}: namespace {} has no VpcPeering of its Vpc {} with Vpc {}",
                half.peer, half.peer.namespace, half.peer.name, half.own
            );
            return Some(Verdict::Waiting(Explanation::new(
                Reason::WaitingForPeer,
                message,
            )));
        };
        let peer = match self.accepted_vpc(&half.peer) {
            Ok(peer) => peer,
            Err(fault) if fault.reason == Reason::VpcNotFound => {
                let message = format!("spec.peer: there is no Vpc {}", half.peer);
                return reject(Reason::PeerNotFound, message);
            }
            Err(_) => {
                let message = format!("spec.peer: Vpc {} is itself rejected", half.peer);
                return reject(Reason::PeerRejected, message);
            }
        };
        if let Some((ours, theirs)) = first_overlap(&own.cidrs, &peer.cidrs) {
            let message = format!(
                "spec.peer: {theirs} of Vpc {} overlaps {ours} of the own Vpc {}",
                half.peer, half.own
            );
            return reject(Reason::CidrOverlap, message);
        }
        if let Some(Sibling { ours, theirs, vpc }) = &siblings[side] {
            let message = format!(
                "spec.peer: {ours} of Vpc {} overlaps {theirs} of Vpc {vpc}, which Vpc {} is \
                 already peered with",
                half.peer, half.own
            );
            let mut explanation = Explanation::new(Reason::SiblingOverlap, message);
            if ![&half.own.namespace, &half.peer.namespace].contains(&&vpc.namespace) {
                explanation = explanation.discreetly(format!(
                    "spec.peer: {ours} of Vpc {} overlaps another peer of Vpc {}",
                    half.peer, half.own
                ));
            }
            return Some(Verdict::Rejected(explanation));
        }
        if let Some(Sibling { ours, theirs, vpc }) = &siblings[1 - side] {
            // The other peer is named only to its own namespace.
            let message = if vpc.namespace == half.own.namespace || pair.is_local() {
                format!(
                    "spec.vpc: {ours} of Vpc {} overlaps {theirs} of Vpc {vpc}, which Vpc {} is \
                     already peered with",
                    half.own, half.peer
                )
            } else {
                format!(
                    "spec.vpc: {ours} of Vpc {} overlaps another peer of Vpc {}",
                    half.own, half.peer
                )
            };
            return reject(Reason::SiblingOverlap, message);
        }
        let other = self.peerings.get(*other)?;
        if !pair.is_local() && other.fault_in(peer).is_some() {
            let message = format!(
                "spec.peer: the peer's half, VpcPeering {}, is rejected",
                other.rank.name
            );
            let explanation = Explanation::new(Reason::WaitingForPeer, message);
            return Some(Verdict::Waiting(explanation.discreetly(format!(
                "spec.peer {}: the half of namespace {} is rejected",
                half.peer, half.peer.namespace
            ))));
        }
        Some(Verdict::Accepted(unmet_import(half, other, peer)))
    }

    /// Both directions of a pair that is in force.
    fn pair_routes(&self, pair: &Pair, halves: [&Peering; 2]) -> Vec<(RouteKey, RouteTarget)> {
        let mut routes = Vec::new();
        for side in 0..2 {
            let (half, other) = (halves[side], halves[1 - side]);
            let vpcs = [side, 1 - side].map(|side| self.accepted_vpc(&pair.vpcs[side]).ok());
            let [Some(own), Some(peer)] = vpcs else {
                continue;
            };
            let exports = exports_of(other, peer);
            // One object for both sides speaks of its own side only.
            let imports = half
                .imports
                .as_deref()
                .filter(|_| half.own == own.rank.name);
            let peering = std::sync::Arc::new(half.rank.name.to_object_name());
            for prefix in intersect(exports, imports.unwrap_or(exports)) {
                let target = RouteTarget {
                    peer_vni: peer.vni,
                    peering: peering.clone(),
                };
                routes.push((
                    RouteKey {
                        vni: own.vni,
                        prefix,
                    },
                    target,
                ));
            }
        }
        routes
    }
}

/// What a VPC exports, as the half that counts for it says.
fn exports_of<'a>(half: &'a Peering, vpc: &'a VpcRecord) -> &'a [IpNet] {
    half.exports
        .as_deref()
        .filter(|_| half.own == vpc.rank.name)
        .unwrap_or(&vpc.cidrs)
}

/// The first import that meets nothing that the peer exports.
fn unmet_import(half: &Peering, other: &Peering, peer: &VpcRecord) -> Option<Box<Explanation>> {
    let exports = exports_of(other, peer);
    let imports = half.imports.as_deref().unwrap_or_default();
    let (i, net) = imports
        .iter()
        .enumerate()
        .find(|(_, net)| !exports.iter().any(|export| overlap(export, net)))?;
    let message = format!(
        "spec.importPrefixes[{i}] {net} meets nothing that Vpc {} exports",
        peer.rank.name
    );
    Some(Explanation::new(Reason::ImportNotExported, message))
}
