//! The compiler: its state, what goes in, what comes out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use isthmus_crds::Vni;

use crate::changes::{Changes, Entries, Journal, MemberChange, MemberId};
use crate::entries::{MemberKey, MemberTarget, RouteKey, RouteTarget};
use crate::member_ids::MemberIds;
use crate::member_set::MemberSet;
use crate::members::{Emitted, Member};
use crate::object::{Kind, Object, ObjectRef};
use crate::pairs::Pair;
use crate::peerings::Peering;
use crate::prefix_index::PrefixIndex;
use crate::rank::{Name, Rank};
use crate::slab::Slab;
use crate::verdict::Verdict;
use crate::vpcs::VpcRecord;

/// Something that happened to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It is there, new or changed.
    Apply(Object),
    /// It is gone.
    Delete(ObjectRef),
}

/// All objects and what follows from them.
#[derive(Debug, Default)]
pub struct Compiler {
    /// By name of the VPC, also of VPCs that are only named.
    pub(crate) networks: HashMap<Arc<Name>, Network>,
    /// VPCs without fault of their own, by VNI; the oldest holds it.
    pub(crate) vnis: HashMap<Vni, BTreeSet<Rank>>,
    pub(crate) members: Slab<Member>,
    pub(crate) member_ids: MemberIds,
    pub(crate) peerings: Slab<Peering>,
    pub(crate) peering_ids: HashMap<Name, u32>,
    pub(crate) pairs: Slab<Pair>,
    /// By both VPCs, the lesser name first.
    pub(crate) pair_ids: HashMap<(Name, Name), u32>,
    gateways: BTreeSet<ObjectRef>,
    /// Objects of each kind and state of verdict.
    counts: BTreeMap<(Kind, &'static str), u64>,
    pub(crate) journal: Journal,
    pub(crate) dirty_members: MemberSet,
    pub(crate) dirty_pairs: HashSet<u32>,
    pub(crate) work: u64,
}

/// What belongs to one VPC, or to the name of one that does not exist.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) vpc: Option<VpcRecord>,
    pub(crate) members: MemberSet,
    pub(crate) accepted: Accepted,
    /// Addresses and prefixes of members that have no fault of their own.
    pub(crate) claims: PrefixIndex,
    pub(crate) pairs: BTreeSet<u32>,
    /// CIDRs of peers, by pair.
    pub(crate) siblings: PrefixIndex,
}

/// How many of a network's members are accepted, and their entries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Accepted {
    pub(crate) members: usize,
    pub(crate) entries: usize,
}

impl Network {
    fn is_empty(&self) -> bool {
        self.vpc.is_none()
            && self.members.is_empty()
            && self.claims.is_empty()
            && self.pairs.is_empty()
            && self.siblings.is_empty()
    }
}

impl Compiler {
    /// Holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a new or changed object; as [`Self::apply_all`] of one event.
    pub fn apply(&mut self, object: Object) -> Vec<Changes> {
        self.apply_all([Event::Apply(object)])
    }

    /// Takes the news that an object is gone; as [`Self::apply_all`] of one
    /// event.
    pub fn delete(&mut self, object: &ObjectRef) -> Vec<Changes> {
        self.apply_all([Event::Delete(object.clone())])
    }

    /// Takes many events at the cost of one pass, the later of two about one
    /// object being the one that counts. Past 2^32 objects of a kind, more of
    /// that kind are not taken and have no verdict.
    ///
    /// Gives one [`Changes`], or none where nothing changes. Only where a VNI
    /// passes from one VPC to another there are two: the first only takes away
    /// what is under that VNI, so that the entries of the VPC that had it and
    /// of the one that gets it never meet. They are to be carried out one
    /// after the other.
    pub fn apply_all(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Changes> {
        for event in events {
            self.note_passing_vnis(&event);
            self.stage(event);
        }
        self.settle()
    }

    /// The verdict on an object, `None` where there is no such object.
    #[must_use]
    pub fn verdict(&self, object: &ObjectRef) -> Option<&Verdict> {
        let name = Name::from(&object.name);
        match object.kind {
            Kind::Vpc => Some(&self.networks.get(&name)?.vpc.as_ref()?.verdict),
            Kind::VpcMember => Some(self.members.get(self.member_number(&name)?)?.verdict()),
            Kind::VpcPeering => Some(&self.peerings.get(*self.peering_ids.get(&name)?)?.verdict),
            Kind::TransitGateway => self.gateways.contains(object).then_some(&Verdict::ACCEPTED),
        }
    }

    /// The verdict on every object, in order of kind and name.
    #[must_use]
    pub fn verdicts(&self) -> BTreeMap<ObjectRef, Verdict> {
        let entry = |kind, name: &Name, verdict: &Verdict| {
            (
                ObjectRef {
                    kind,
                    name: name.to_object_name(),
                },
                verdict.clone(),
            )
        };
        let vpcs = self
            .networks
            .values()
            .filter_map(|network| network.vpc.as_ref());
        let mut verdicts: BTreeMap<_, _> = vpcs
            .map(|vpc| entry(Kind::Vpc, &vpc.rank.name, &vpc.verdict))
            .collect();
        let members = self.members.values();
        verdicts.extend(members.map(|m| entry(Kind::VpcMember, &m.full_name(), m.verdict())));
        let peerings = self.peerings.values();
        verdicts.extend(peerings.map(|p| entry(Kind::VpcPeering, &p.rank.name, &p.verdict)));
        verdicts.extend(
            self.gateways
                .iter()
                .map(|name| (name.clone(), Verdict::ACCEPTED)),
        );
        verdicts
    }

    /// Every entry of the peering map, in no order.
    pub fn routes(&self) -> impl Iterator<Item = (RouteKey, RouteTarget)> {
        self.pairs
            .values()
            .flat_map(|pair| pair.routes.iter().cloned())
    }

    /// Every entry of the forwarding map, in no order.
    pub fn members(&self) -> impl Iterator<Item = (MemberKey, MemberTarget)> {
        self.members.values().flat_map(Member::entries)
    }

    /// Number of objects of each kind and [state](Verdict::state) of verdict;
    /// none is listed with 0.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<(Kind, &'static str), u64> {
        &self.counts
    }

    /// How many objects and claims were looked at since [`Compiler::new`]: the
    /// cost of a change, for those who test that it stays small.
    #[must_use]
    pub const fn work(&self) -> u64 {
        self.work
    }

    pub(crate) fn gateways(&self) -> impl Iterator<Item = &ObjectRef> {
        self.gateways.iter()
    }

    fn stage(&mut self, event: Event) {
        match event {
            Event::Apply(object) => {
                let reference = object.reference();
                let name = Name::from(&reference.name);
                match object {
                    Object::Vpc(vpc) => {
                        let record = VpcRecord::new(&vpc, name.clone());
                        self.replace_vpc(&name, Some(record));
                    }
                    Object::VpcMember(member) => self.put_member(name, &member),
                    Object::VpcPeering(peering) => self.put_peering(name, &peering),
                    Object::TransitGateway(_) => {
                        self.touch_verdict(Kind::TransitGateway, &name);
                        self.gateways.insert(reference);
                    }
                }
            }
            Event::Delete(object) => {
                let name = Name::from(&object.name);
                match object.kind {
                    Kind::Vpc => self.replace_vpc(&name, None),
                    Kind::VpcMember => self.remove_member(&name),
                    Kind::VpcPeering => self.remove_peering(&name),
                    Kind::TransitGateway => {
                        self.touch_verdict(Kind::TransitGateway, &name);
                        self.gateways.remove(&object);
                    }
                }
            }
        }
    }

    /// Judges what is dirty, the oldest first: what that makes dirty in turn
    /// is always younger. Then tells what has changed.
    fn settle(&mut self) -> Vec<Changes> {
        let mut queue = BTreeSet::new();
        loop {
            for MemberId(id) in std::mem::take(&mut self.dirty_members).iter() {
                queue.extend(self.members.get(id).map(|member| (member.rank(), id)));
            }
            let Some((_, id)) = queue.pop_first() else {
                break;
            };
            self.judge_member(id);
        }
        let mut queue = BTreeSet::new();
        loop {
            for id in std::mem::take(&mut self.dirty_pairs) {
                queue.extend(
                    self.pairs
                        .get(id)
                        .and_then(|pair| Some((pair.age()?.clone(), id))),
                );
            }
            let Some((_, id)) = queue.pop_first() else {
                break;
            };
            self.judge_pair(id);
        }
        self.finish()
    }

    fn finish(&mut self) -> Vec<Changes> {
        let mut journal = std::mem::take(&mut self.journal);
        let verdicts = self.changed_verdicts(std::mem::take(&mut journal.verdicts));
        let slices = self.changed_contents(&journal);
        let members = (journal.members.keys()).filter_map(|id| self.members.get(*id));
        let pairs = (journal.pairs.iter()).filter_map(|id| self.pairs.get(*id));
        let new = Entries {
            members: members.flat_map(Member::entries).collect(),
            routes: (pairs.flat_map(|pair| pair.routes.iter().cloned())).collect(),
        };
        let emitted = journal.members.values().flatten();
        let old = Entries {
            members: emitted.flat_map(Emitted::entries).collect(),
            routes: journal.routes,
        };
        let mut all = Vec::new();
        // A VNI that nobody holds now passes to nobody.
        journal.passing.retain(|vni| self.vnis.contains_key(vni));
        if journal.passing.is_empty() {
            all.push(Changes {
                verdicts,
                entries: old.difference(&new),
                ..slices
            });
        } else {
            let kept = old.without_passing(&journal.passing);
            all.push(Changes {
                entries: old.difference(&kept),
                ..Changes::default()
            });
            all.push(Changes {
                verdicts,
                entries: kept.difference(&new),
                ..slices
            });
        }
        all.retain(|changes| !changes.is_empty());
        self.members.recycle();
        self.peerings.recycle();
        self.pairs.recycle();
        all
    }

    /// Of what was before, the members and VPCs of which slices have to say
    /// something else now.
    fn changed_contents(&self, journal: &Journal) -> Changes {
        let members = journal.members.iter().filter_map(|(id, before)| {
            let member = self.members.get(*id);
            let now = member.filter(|member| member.emitted.is_some());
            let is_same = match (before, now) {
                (None, None) => true,
                (Some(before), Some(now)) => before.is_of(now),
                _ => false,
            };
            (!is_same).then_some(MemberChange {
                id: MemberId(*id),
                is_accepted: now.is_some(),
            })
        });
        let pairs = (journal.pairs.iter()).filter_map(|id| self.pairs.get(*id));
        let in_force = pairs.filter(|pair| self.is_in_force(pair));
        let peers: BTreeSet<_> = in_force.map(|pair| pair.vpcs.clone()).collect();
        let changed = (journal.vpcs.iter()).filter(|(name, vpc)| self.vpc_of(name) != **vpc);
        let vpcs: BTreeSet<&Name> = (changed.map(|(name, _)| name))
            .chain(peers.symmetric_difference(&journal.peers).flatten())
            .collect();
        let members: Vec<MemberChange> = members.collect();
        let mut resized = vpcs.clone();
        for change in &members {
            let before = journal.members.get(&change.id.0);
            resized.extend(before.and_then(Option::as_ref).map(|before| &*before.vpc));
            let member = self.members.get(change.id.0);
            resized.extend(member.map(|member| &*member.vpc));
        }
        let pairs = (journal.pairs.iter()).filter_map(|id| self.pairs.get(*id));
        resized.extend(pairs.clone().flat_map(|pair| &pair.vpcs));
        Changes {
            members,
            vpcs: vpcs.into_iter().map(Name::to_object_name).collect(),
            resized: resized.into_iter().map(Name::to_object_name).collect(),
            peerings: pairs.flat_map(|pair| self.halves(pair)).collect(),
            ..Changes::default()
        }
    }

    /// Of what was before, what is another verdict now; counts it.
    fn changed_verdicts(
        &mut self,
        before: BTreeMap<ObjectRef, Option<Verdict>>,
    ) -> Vec<(ObjectRef, Option<Verdict>)> {
        let mut changed = Vec::new();
        for (object, old) in before {
            let new = self.verdict(&object).cloned();
            if new == old {
                continue;
            }
            if let Some(old) = old {
                let place = (object.kind, old.state());
                if let Some(count) = self.counts.get_mut(&place) {
                    *count -= 1;
                    if *count == 0 {
                        self.counts.remove(&place);
                    }
                }
            }
            if let Some(new) = &new {
                *self.counts.entry((object.kind, new.state())).or_default() += 1;
            }
            changed.push((object, new));
        }
        changed
    }

    /// Notes the verdict on an object before it changes.
    pub(crate) fn touch_verdict(&mut self, kind: Kind, name: &Name) {
        let object = ObjectRef {
            kind,
            name: name.to_object_name(),
        };
        if !self.journal.verdicts.contains_key(&object) {
            let old = self.verdict(&object).cloned();
            self.journal.verdicts.insert(object, old);
        }
    }

    /// The network under a name, made where there is none yet.
    pub(crate) fn network(&mut self, name: &Name) -> &mut Network {
        let name = self.shared_name(name.clone());
        self.networks.entry(name).or_default()
    }

    /// The one copy of a network's name; makes the network where there is none.
    pub(crate) fn shared_name(&mut self, name: Name) -> Arc<Name> {
        if let Some((name, _)) = self.networks.get_key_value(&name) {
            return name.clone();
        }
        let name = Arc::new(name);
        self.networks.insert(name.clone(), Network::default());
        name
    }

    /// Forgets a network that nothing belongs to any more.
    pub(crate) fn tidy_network(&mut self, name: &Name) {
        if self.networks.get(name).is_some_and(Network::is_empty) {
            self.networks.remove(name);
        }
    }
}
