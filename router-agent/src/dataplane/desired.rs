//! What the tables should hold.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::net::IpAddr;

use ipnet::IpNet;
use isthmus_compiler::{EntryChange, RouteTarget};
use isthmus_tables::{Label, TooManyRanges};

use super::members::Members;
use super::operation::{Entry as Subject, MemberId, MemberPlace};
use super::routes::Routes;

/// Desired state, kept up to date entry by entry.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    routes: BTreeMap<u32, BTreeMap<IpNet, RouteTarget>>,
    members: Members,
    /// Members of each hypervisor.
    hypervisors: HashMap<IpAddr, u32>,
    /// Routes of each direction of a peering.
    labels: HashMap<Label, u32>,
}

/// What changes may have touched: a plan for it looks at nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// VPCs whose routes may differ.
    pub vpcs: BTreeSet<u32>,
    /// Members.
    pub members: BTreeSet<MemberId>,
    /// Hypervisors.
    pub hypervisors: BTreeSet<IpAddr>,
    /// Counters.
    pub labels: BTreeSet<Label>,
}

impl Touched {
    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much is.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vpcs.len() + self.members.len() + self.hypervisors.len() + self.labels.len()
    }

    /// Adds the subject of an operation.
    pub fn insert(&mut self, subject: &Subject) {
        match subject {
            Subject::Routes(vni) => self.vpcs.insert(*vni),
            Subject::Member(id) => self.members.insert(*id),
            Subject::Hypervisor(vtep) => self.hypervisors.insert(*vtep),
            Subject::Label(label) => self.labels.insert(label.clone()),
        };
    }

    /// Takes out what another touches too.
    pub fn remove(&mut self, other: &Self) {
        remove(&mut self.vpcs, &other.vpcs);
        remove(&mut self.members, &other.members);
        remove(&mut self.hypervisors, &other.hypervisors);
        remove(&mut self.labels, &other.labels);
    }

    /// Takes out up to `count` of each kind.
    #[must_use]
    pub fn take(&mut self, count: usize) -> Self {
        Self {
            vpcs: take(&mut self.vpcs, count),
            members: take(&mut self.members, count),
            hypervisors: take(&mut self.hypervisors, count),
            labels: take(&mut self.labels, count),
        }
    }
}

fn remove<K: Ord>(from: &mut BTreeSet<K>, keys: &BTreeSet<K>) {
    for key in keys {
        from.remove(key);
    }
}

fn take<K: Ord>(from: &mut BTreeSet<K>, count: usize) -> BTreeSet<K> {
    std::iter::from_fn(|| from.pop_first())
        .take(count)
        .collect()
}

impl Desired {
    /// Takes a change in and notes what it touches.
    pub fn apply(&mut self, change: &EntryChange, touched: &mut Touched) {
        match change {
            EntryChange::Route(key, target) => {
                let vni = key.vni.get();
                touched.vpcs.insert(vni);
                let routes = self.routes.entry(vni).or_default();
                let before = match target {
                    Some(target) => routes.insert(key.prefix, target.clone()),
                    None => routes.remove(&key.prefix),
                };
                if routes.is_empty() {
                    self.routes.remove(&vni);
                }
                if let Some(target) = target {
                    let label = label(vni, target);
                    touched.labels.insert(label.clone());
                    *self.labels.entry(label).or_default() += 1;
                }
                if let Some(before) = before {
                    let label = label(vni, &before);
                    touched.labels.insert(label.clone());
                    release(&mut self.labels, label);
                }
            }
            EntryChange::Member(key, target) => {
                let id = MemberId::from(key);
                touched.members.insert(id);
                let place = target.as_ref().map(MemberPlace::from);
                let before = match place {
                    Some(place) => self.members.insert(id, place),
                    None => self.members.remove(&id),
                };
                if let Some(place) = place {
                    touched.hypervisors.insert(place.hypervisor);
                    *self.hypervisors.entry(place.hypervisor).or_default() += 1;
                }
                if let Some(before) = before {
                    touched.hypervisors.insert(before.hypervisor);
                    release(&mut self.hypervisors, before.hypervisor);
                }
            }
        }
    }

    /// Routes of a VPC.
    ///
    /// # Errors
    ///
    /// More ranges than the tables hold for one VPC.
    pub fn routes(&self, vni: u32) -> Result<Routes, TooManyRanges> {
        let prefixes = self.routes.get(&vni).into_iter().flatten();
        Routes::from_prefixes(prefixes.map(|(prefix, target)| (prefix, label(vni, target))))
    }

    /// Number of VPCs that have routes.
    #[must_use]
    pub fn vpc_count(&self) -> usize {
        self.routes.len()
    }

    /// Number of members' entries.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// Number of hypervisors that have a member.
    #[must_use]
    pub fn hypervisor_count(&self) -> usize {
        self.hypervisors.len()
    }

    /// Number of labels under which a route counts.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.labels.len()
    }

    /// Whether a VPC has routes.
    #[must_use]
    pub fn has_routes(&self, vni: u32) -> bool {
        self.routes.contains_key(&vni)
    }

    /// VNIs of the VPCs that have routes.
    pub fn vpcs(&self) -> impl Iterator<Item = u32> + '_ {
        self.routes.keys().copied()
    }

    /// Where a member is.
    #[must_use]
    pub fn member(&self, id: &MemberId) -> Option<MemberPlace> {
        self.members.get(id)
    }

    /// Every member.
    pub fn members(&self) -> impl Iterator<Item = (MemberId, MemberPlace)> {
        self.members.iter()
    }

    /// Whether a member is on this hypervisor.
    #[must_use]
    pub fn has_hypervisor(&self, vtep: IpAddr) -> bool {
        self.hypervisors.contains_key(&vtep)
    }

    /// Every hypervisor that has a member.
    pub fn hypervisors(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.hypervisors.keys().copied()
    }

    /// Whether a route counts under this label.
    #[must_use]
    pub fn has_label(&self, label: &Label) -> bool {
        self.labels.contains_key(label)
    }

    /// Every label under which a route counts.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.labels.keys()
    }
}

/// The direction of a peering that a route is part of.
fn label(vni: u32, target: &RouteTarget) -> Label {
    let name = format!("{}/{}", target.peering.namespace, target.peering.name);
    Label {
        vni,
        peer_vni: target.peer_vni.get(),
        name,
    }
}

/// Counts one user less.
fn release<K: Hash + Eq>(counts: &mut HashMap<K, u32>, key: K) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}
